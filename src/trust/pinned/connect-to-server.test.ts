import assert from 'node:assert/strict'
import { createServer as createTls, connect as connectTls } from 'node:tls'
import type { AddressInfo, Server, Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import { fakeAgentServer, send } from '../../../test/support/fake-agent-server.ts'
import { connectToServer } from './connect-to-server.ts'
import { makeCertificate } from '../tls/make-certificate.ts'
import { readAnswers } from './read-answers.ts'

const limits = { timeout: 20_000, signal: new AbortController().signal }
const get = (path: string) => ({ method: 'GET', path, headers: {}, body: '' })

test('many requests go over one connection that was proved once', async (t) => {
  const server = await fakeAgentServer(t, (incoming, outgoing) => {
    if (!/^\/\d$/.test(incoming.url ?? '')) return false
    send(outgoing, 200, { path: incoming.url })
    return true
  })
  const connection = await connectToServer(server, limits)
  for (const path of ['/1', '/2', '/3'])
    assert.equal((await connection.ask(get(path), limits)).text, JSON.stringify({ path }))
  assert.equal(server.asked.filter((path) => path === '/v1/identity').length, 1)
  connection.close()
  assert.equal(connection.isOpen(), false)
})

test('another key is refused before anything else is sent, with both keys named', async (t) => {
  const server = await fakeAgentServer(t, () => false)
  const keyHash = 'A'.repeat(43)
  await assert.rejects(connectToServer({ url: server.url, keyHash }, limits), {
    code: 'identity-mismatch',
    message: `expected key ${keyHash}, was shown ${server.keyHash}`,
  })
  assert.deepEqual(server.asked, ['/v1/identity'])
})

test('who ends TLS in between and passes everything on has proved nothing', async (t) => {
  const server = await fakeAgentServer(t, () => false)
  const url = await between(t, server.url)
  const { keyHash } = server
  await assert.rejects(connectToServer({ url, keyHash }, limits), { code: 'identity-unproved' })
})

test('a server that is silent counts as gone, and a call can be given up', async (t) => {
  const server = await fakeAgentServer(t, (incoming) => incoming.url === '/held')
  const connection = await connectToServer(server, limits)
  const short = { ...limits, timeout: 100 }
  await assert.rejects(connection.ask(get('/held'), short), { code: 'server-unreachable' })
  assert.equal(connection.isOpen(), false)
  const other = await connectToServer(server, limits)
  const stopping = new AbortController()
  const asked = other.ask(get('/held'), { ...limits, signal: stopping.signal })
  stopping.abort(new Error('enough'))
  await assert.rejects(asked, /enough/)
})

test('what speaks no HTTP is refused, whatever it says', async () => {
  const strange = [
    'SSH-2.0-OpenSSH_9.2\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n',
    `HTTP/1.1 200 OK\r\n${'x'.repeat(70_000)}`,
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab',
    '',
  ]
  for (const text of strange) {
    const connection = new PassThrough()
    connection.end(text)
    await assert.rejects(readAnswers(connection).whole(), Error, JSON.stringify(text.slice(0, 60)))
  }
})

test('answers are told apart however the network cuts them', async () => {
  const text = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 204 x\r\n\r\n'
  for (let at = 1; at < text.length; at++) {
    const connection = new PassThrough()
    const answers = readAnswers(connection)
    connection.write(text.slice(0, at))
    setImmediate(() => connection.end(text.slice(at)))
    const [first, second] = [await answers.whole(), await answers.whole()]
    assert.deepEqual([first.status, first.text, second.status], [200, 'abc', 204])
  }
})

/** Ends TLS with a certificate of its own and speaks TLS to the true server. */
async function between(t: TestContext, to: URL): Promise<URL> {
  const random = (length: number): Buffer => Buffer.alloc(length, 7)
  const pem = makeCertificate({ names: ['127.0.0.1'], now: Date.now(), random })
  const sockets = new Set<Socket>()
  const door: Server = createTls({ key: pem, cert: pem }, (inner) => {
    const outer = connectTls({
      host: to.hostname,
      port: Number(to.port),
      rejectUnauthorized: false,
    })
    for (const socket of [inner, outer]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    inner.pipe(outer).pipe(inner)
  })
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  afterwards(t, async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => door.close(resolve))
  })
  return new URL(`https://127.0.0.1:${(door.address() as AddressInfo).port}`)
}
