import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import { streamBody, type StreamLimits } from './stream-body.ts'

/** Sends `text` as the beginning of a body of 100 bytes; answers what the reader of that makes of it. */
async function read(t: TestContext, text: string, limits: StreamLimits): Promise<string> {
  const seen = Promise.withResolvers<string>()
  const server = createServer((incoming) => {
    collect(incoming, limits).then(seen.resolve, seen.reject)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => undefined)
  afterwards(t, () => {
    socket.destroy()
    server.closeAllConnections()
    server.close()
  })
  socket.write(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n${text}`)
  return await seen.promise
}

async function collect(incoming: IncomingMessage, limits: StreamLimits): Promise<string> {
  let text = ''
  for await (const chunk of streamBody(incoming, limits)) text += chunk.toString()
  return text
}

test('a whole body is read, and one above the cap is not', async (t) => {
  const body = 'x'.repeat(100)
  assert.equal(await read(t, body, { cap: 100 }), body)
  await assert.rejects(read(t, body, { cap: 99 }), { code: 'request-too-large' })
})

test('a sender who stops sending is not waited for', async (t) => {
  const slowest = { bytes: 10, window: 50 }
  await assert.rejects(read(t, 'a beginning', { cap: 100, slowest }), {
    code: 'request-invalid',
    message: /too slowly/,
  })
})
