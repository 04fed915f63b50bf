import { connect } from 'node:net'
import type { TestContext } from 'node:test'

import { afterwards } from './afterwards.ts'
import { waitUntil } from './wait-until.ts'

const hello = 'GET /healthz HTTP/1.1\r\nHost: a\r\n'
/** What a careful server says to each, on any runtime. */
export const rawRequests: readonly (readonly [what: string, text: string, expected: RegExp])[] = [
  ['a plain request', `${hello}\r\n`, /^HTTP\/1\.1 200 [^]*"status":"ok"/],
  ['two Host headers', `${hello}Host: b\r\n\r\n`, /^HTTP\/1\.1 400 /],
  ['no Host', 'GET /healthz HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['absolute form', 'GET http://b/healthz HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['an encoded slash', 'GET /v1%2ftoken HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['dot segments', 'GET /x/../healthz HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['two lengths', `${hello}Content-Length: 0\r\nContent-Length: 1\r\n\r\n`, /^HTTP\/1\.1 400 /],
  [
    'length and chunks',
    `${hello}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n`,
    /^HTTP\/1\.1 400 /,
  ],
  ['a body on GET', `${hello}Content-Length: 2\r\n\r\nxx`, /^HTTP\/1\.1 413 /],
  ['another method', 'FOO /healthz HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 40[05] /],
  ['TRACE', 'TRACE /healthz HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 40[05] /],
  ['HEAD', 'HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 405 [^]*allow: GET/i],
  [
    'a method override',
    `POST /healthz HTTP/1.1\r\nHost: a\r\nX-HTTP-Method-Override: GET\r\nContent-Length: 0\r\n\r\n`,
    /^HTTP\/1\.1 405 /,
  ],
  ['rubbish', 'hello\r\n\r\n', /^HTTP\/1\.1 400 /],
]

/** What the server says until it closes, or until its first answer is whole. */
export async function spoken(
  t: Pick<TestContext, 'after'>,
  url: string,
  text: string,
): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  afterwards(t, () => void socket.destroy())
  let said = ''
  let isClosed = false
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
  socket.on('error', () => undefined)
  socket.on('close', () => (isClosed = true))
  socket.write(text)
  await waitUntil(() => isClosed || /\r\n\r\n/.test(said), 'an answer')
  return said
}
