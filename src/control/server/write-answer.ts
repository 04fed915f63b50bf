import type { ServerResponse } from 'node:http'

import type { Answer } from './error-response.ts'

/** Milliseconds in which a caller must take its answer. */
const writeTime = 30_000

/** Sends an answer; resolves when it is out or the connection is gone. */
export async function writeAnswer(outgoing: ServerResponse, answer: Answer): Promise<void> {
  const { status, body, contentType, headers = {} } = answer
  const text = contentType === undefined ? `${JSON.stringify(body)}\n` : String(body)
  const done = new Promise<void>((resolve) => outgoing.once('close', resolve))
  const timer = setTimeout(() => outgoing.destroy(), writeTime)
  // Head and body leave in one packet.
  outgoing.cork()
  outgoing.writeHead(status, {
    'content-type': contentType ?? 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  })
  outgoing.end(text)
  outgoing.uncork()
  await done
  clearTimeout(timer)
}
