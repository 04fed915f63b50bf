import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import test from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import { createUpstream, openConnection, releaseConnection, takeIdle } from './upstream.ts'

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

test('a connection that a visitor has stopped reading from serves the next one', async (t) => {
  const server = createServer((socket) => socket.on('data', () => socket.write(answer)))
  afterwards(t, () => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const upstream = createUpstream({ app: 'shop', label: 'one', kind: 'tcp', port })
  const ask = async (connection: ReturnType<typeof openConnection>): Promise<void> => {
    connection.onClosed = () => undefined
    await new Promise<void>((resolve) => {
      connection.reader.expect('GET', {
        head: () => undefined,
        body: () => undefined,
        end: resolve,
        broken: () => assert.fail('the connection was lost'),
      })
      connection.socket.write('GET / HTTP/1.1\r\n\r\n')
    })
  }
  const connection = openConnection(upstream)
  afterwards(t, () => connection.socket.destroy())
  await ask(connection)
  connection.socket.pause()
  releaseConnection(connection, 0)
  const again = takeIdle(upstream)
  assert.equal(again, connection)
  await ask(connection)
})
