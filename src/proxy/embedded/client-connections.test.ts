import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import { createClientConnections, plainAddress } from './client-connections.ts'

const origin = { peer: '192.0.2.1', trusted: false, secure: false }

async function openSocket(t: TestContext): Promise<Socket> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as { port: number }).port, '127.0.0.1')
  const [socket] = (await once(server, 'connection')) as [Socket]
  afterwards(t, () => {
    client.destroy()
    socket.destroy()
    server.close()
  })
  return socket
}

test('a connection that sends no request in time is closed', async (t) => {
  const clients = createClientConnections()
  const socket = await openSocket(t)
  clients.add(socket, origin, 0)
  clients.sweep(14_000)
  assert.equal(socket.destroyed, false)
  clients.sweep(16_000)
  assert.equal(socket.destroyed, true)
  await once(socket, 'close')
  assert.equal(clients.count(), 0)
})

test('between requests a connection may wait longer than common load balancers do', async (t) => {
  const clients = createClientConnections()
  const socket = await openSocket(t)
  clients.add(socket, origin, 0).served = true
  clients.sweep(61_000)
  assert.equal(socket.destroyed, false)
  clients.sweep(76_000)
  assert.equal(socket.destroyed, true)
})

test('a connection with a request under way or a tunnel is never idle', async (t) => {
  const clients = createClientConnections()
  const [busy, tunnel] = [await openSocket(t), await openSocket(t)]
  clients.add(busy, origin, 0).active = 1
  clients.add(tunnel, origin, 0).upgraded = true
  clients.sweep(1_000_000)
  clients.closeIdle()
  assert.equal(busy.destroyed || tunnel.destroyed, false)
  clients.closeAll()
  assert.equal(busy.destroyed && tunnel.destroyed, true)
})

test('an IPv4 address in IPv6 clothing is written as people know it', () => {
  assert.equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1')
  assert.equal(plainAddress('2001:db8::1'), '2001:db8::1')
})
