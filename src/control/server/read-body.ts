import type { IncomingMessage } from 'node:http'

import { AppError } from '../../errors/index.ts'

/** Milliseconds within which a whole body must be here. */
const bodyTime = 20_000

/** What the head tells of a body is looked at before any of it. @throws AppError `media-type`, `request-too-large`. */
export function assertPlainBody({ headers }: IncomingMessage, cap: number): void {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity')
    throw new AppError('media-type', 'a compressed body is not taken', {
      hint: 'send it as it is, without Content-Encoding',
    })
  if (Number(headers['content-length'] ?? 0) > cap) throw tooLarge(cap)
}

/**
 * Reads a body up to a cap, before anything else is done for its sender.
 * @throws AppError `request-too-large`; `request-invalid` when it is cut off or takes too long.
 */
export function readBody(incoming: IncomingMessage, cap: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const timer = setTimeout(() => fail('did not arrive in time'), bodyTime)
    const end = (settle: () => void): void => {
      clearTimeout(timer)
      // An answer may be held long after: nothing of this stays with the request.
      for (const event of ['data', 'end', 'error', 'close']) incoming.removeAllListeners(event)
      incoming.on('error', ignore)
      settle()
    }
    const fail = (how: string): void =>
      end(() => reject(new AppError('request-invalid', `the body ${how}`)))
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length
      chunks.push(chunk)
      if (length > cap) end(() => reject(tooLarge(cap)))
    })
    incoming.on('end', () => end(() => resolve(Buffer.concat(chunks))))
    incoming.on('error', () => fail('was cut off'))
    incoming.on('close', () => fail('was cut off'))
  })
}

function ignore(): void {
  // Whoever waits for the answer learns of a broken connection by that.
}

export function tooLarge(cap: number): AppError {
  return new AppError('request-too-large', `the body has more than ${cap} bytes`)
}
