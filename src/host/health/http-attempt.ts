import { request, type IncomingMessage } from 'node:http'

import { makeVisible } from '../hooks/visible-text.ts'
import type { Finding } from './health-check.ts'

export interface HttpAttempt {
  /** Either of the two; the socket is preferred. */
  readonly port: number | undefined
  readonly socket: string | undefined
  readonly path: string
  readonly status: readonly number[]
  /** Milliseconds for connecting, the first byte and the whole answer together. */
  readonly timeout: number
}

/** Bytes of a body that are read; the answer counts as complete then. */
const mostBody = 64 * 1024

/** Asks once, on a connection of its own; follows no redirects. Never rejects. */
export function attemptHttp(attempt: HttpAttempt): Promise<Finding> {
  const { port, socket, path, timeout } = attempt
  return new Promise((resolve) => {
    let phase = 'did not connect'
    const exchange = request({
      ...(socket === undefined ? { host: '127.0.0.1', port } : { socketPath: socket }),
      path,
      agent: false,
      headers: {
        host: 'localhost',
        'user-agent': 'sluice-check',
        'accept-encoding': 'identity',
        connection: 'close',
      },
    })
    const timer = setTimeout(
      () => finish({ ok: false, words: `${phase} within ${timeout} ms` }),
      timeout,
    )
    function finish(finding: Finding): void {
      clearTimeout(timer)
      exchange.destroy()
      resolve(finding)
    }
    exchange.on('socket', (connection) => {
      connection.once('connect', () => {
        phase = 'connected, but got no answer'
      })
    })
    exchange.on('error', (error) => finish({ ok: false, words: `got no answer: ${error.message}` }))
    exchange.on('upgrade', (response, connection) => {
      // The connection no longer belongs to the request.
      connection.destroy()
      finish(judge(response, '', attempt))
    })
    exchange.on('response', (response) => {
      phase = `got status ${response.statusCode ?? '?'}, but not the whole answer`
      collectBody(response, (body) => finish(judge(response, body, attempt)))
    })
    exchange.end()
  })
}

function judge(response: IncomingMessage, body: string, { status, path }: HttpAttempt): Finding {
  const got = response.statusCode ?? 0
  if (status.includes(got)) return { ok: true, words: `${path} answered ${got}` }
  const target = response.headers.location
  const words = `got status ${got} from ${path}, wanted ${status.join(' or ')}`
  return {
    ok: false,
    words:
      target === undefined ? words : `${words} (redirects to ${makeVisible(target).slice(0, 200)})`,
    output: makeVisible(body).slice(0, 500),
  }
}

/** Tells the body once it is complete, or its first part once it is long enough. */
function collectBody(response: IncomingMessage, done: (body: string) => void): void {
  const chunks: Buffer[] = []
  let length = 0
  const tell = (): void => done(Buffer.concat(chunks).subarray(0, mostBody).toString('utf8'))
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    if (length >= mostBody) tell()
  })
  response.on('end', tell)
}
