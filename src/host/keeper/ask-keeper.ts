import { connect } from 'node:net'

import { AppError, errnoOf } from '../../errors/index.ts'
import { keeperSocket } from './keeper-files.ts'
import { raiseAnswer, type KeeperRequest, type KeeperStatus } from './keeper-protocol.ts'

/**
 * Asks the keeper that runs now and waits for its answer.
 * @throws AppError `driver-unavailable` when none answers, or whatever the keeper answered.
 */
export async function askKeeper(
  runDir: string,
  request: KeeperRequest,
): Promise<KeeperStatus | undefined> {
  const line = await exchange(keeperSocket(runDir), `${JSON.stringify(request)}\n`)
  if (line === undefined) {
    throw new AppError('driver-unavailable', `no keeper answers at ${keeperSocket(runDir)}`, {
      retryable: true,
    })
  }
  return raiseAnswer(line)
}

/** One line there and one back; undefined when nobody listens or the connection ends without an answer. */
function exchange(path: string, message: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const chunks: Buffer[] = []
    socket.on('connect', () => socket.write(message))
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (chunk.includes(0x0a)) socket.end()
    })
    socket.on('error', (error) => {
      const isGone = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(
        errnoOf(error) ?? '',
      )
      if (isGone) resolve(undefined)
      else reject(new AppError('io-failed', `${path}: ${error.message}`, { cause: error }))
    })
    socket.on('close', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      resolve(text.endsWith('\n') ? text : undefined)
    })
  })
}
