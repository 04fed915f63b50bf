import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import { startApp } from '../../../test/support/proxy-app.ts'
import { openRawClient, sendRaw } from '../../../test/support/raw-client.ts'
import { serveInProcess } from '../../../test/support/serve-in-process.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import type { Target } from '../routes.ts'
import { askProxy } from './control-client.ts'
import { accessLogPath, controlLink } from './serve-files.ts'

/** A deploy that treats each connection as the test says. */
async function startSocketApp(
  t: TestContext,
  serve: (socket: Socket, serial: number) => void,
): Promise<{ target: Target; connections: () => number }> {
  let count = 0
  const open = new Set<Socket>()
  const server: Server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    serve(socket, ++count)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterwards(t, () => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return { target: { app: 'shop', label: 'raw', kind: 'tcp', port }, connections: () => count }
}

async function serveApp(t: TestContext, label = 'one') {
  const app = await startApp(label, { kind: 'tcp' })
  afterwards(t, () => app.close())
  return app
}

const get = (path = '/', more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: shop.test\r\n${more}\r\n`
const last = 'Connection: close\r\n'
const post = (fields: string, body: string): string =>
  `POST / HTTP/1.1\r\nHost: shop.test\r\n${fields}\r\n${body}`

const refused: Record<string, [string, RegExp]> = {
  'two Host fields': [`GET / HTTP/1.1\r\nHost: shop.test\r\nHost: b\r\n\r\n`, /^HTTP\/1\.1 400 /],
  'no Host field': ['GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
  'a target on another host': [
    'GET http://b/ HTTP/1.1\r\nHost: shop.test\r\n\r\n',
    /^HTTP\/1\.1 400 /,
  ],
  'length and chunks': [
    'POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    /^HTTP\/1\.1 400 /,
  ],
  'no HTTP at all': ['hello\r\n\r\n', /^HTTP\/1\.1 400 /],
  'a head of 40 KB': [get('/', `X: ${'a'.repeat(40_000)}\r\n`), /^HTTP\/1\.1 431 /],
  TRACE: [`TRACE / HTTP/1.1\r\nHost: shop.test\r\n${last}\r\n`, /^HTTP\/1\.1 405 /],
  'an unknown host': [`GET / HTTP/1.1\r\nHost: b.test\r\n${last}\r\n`, /^HTTP\/1\.1 404 /],
}
for (const [title, [bytes, expected]] of Object.entries(refused)) {
  test(`a request with ${title} is refused and reaches no deploy`, async (t) => {
    const app = await serveApp(t)
    const { port } = await serveInProcess(t, { target: app.target })
    assert.match(await sendRaw(port, bytes), expected)
    assert.deepEqual(app.seen, [])
  })
}

test('requests without a body share connections, others get a fresh one each', async (t) => {
  const { target, connections } = await startSocketApp(t, (socket) => {
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
  })
  const { port } = await serveInProcess(t, { target })
  const client = await openRawClient(port)
  for (let round = 0; round < 5; round++) assert.equal((await client.ask('/')).body, 'ok')
  assert.equal(connections(), 1)
  client.close()
  const upload = post(`Content-Length: 1\r\n${last}`, 'x')
  for (let round = 0; round < 3; round++) assert.match(await sendRaw(port, upload), /200 OK/)
  assert.equal(connections(), 4)
})

test('a kept connection that dies when it is used again costs no request', async (t) => {
  const { target, connections } = await startSocketApp(t, (socket, serial) => {
    let asked = 0
    socket.on('data', () => {
      asked += 1
      // The second request on the first connection finds it dead, as with a server that closes idle connections.
      if (serial === 1 && asked === 2) socket.destroy()
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  })
  const { port } = await serveInProcess(t, { target })
  const client = await openRawClient(port)
  assert.equal((await client.ask('/')).status, 200)
  assert.equal((await client.ask('/')).status, 200)
  assert.equal(connections(), 2)
  client.close()
})

test('a deploy that closes a fresh connection without a word gives 502, once', async (t) => {
  const { target, connections } = await startSocketApp(t, (socket) => {
    socket.on('data', () => socket.destroy())
  })
  const { port } = await serveInProcess(t, { target })
  assert.match(await sendRaw(port, get('/', last)), /^HTTP\/1\.1 502 /)
  assert.equal(connections(), 1)
})

test('a deploy that is down gives 502', async (t) => {
  const app = await serveApp(t)
  await app.close()
  const { port } = await serveInProcess(t, { target: app.target })
  assert.match(await sendRaw(port, get('/', last)), /^HTTP\/1\.1 502 /)
})

test('a deploy that does not answer in time gives 504', async (t) => {
  const app = await serveApp(t)
  const { port } = await serveInProcess(t, { target: app.target, settings: { timeout: 100 } })
  assert.match(await sendRaw(port, get('/hang', last)), /^HTTP\/1\.1 504 /)
})

test('an answer that breaks off is never passed on as a whole one', async (t) => {
  const { target } = await startSocketApp(t, (socket) => {
    socket.on('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', () =>
        socket.destroy(),
      )
    })
  })
  const { port } = await serveInProcess(t, { target })
  const text = await sendRaw(port, get())
  assert.match(text, /abc/)
  assert.doesNotMatch(text, /\r\n0\r\n/)
})

test('a body beyond the limit gives 413, announced or not', async (t) => {
  const app = await serveApp(t)
  const { port } = await serveInProcess(t, { target: app.target, settings: { maxBody: 10 } })
  assert.match(
    await sendRaw(port, post('Content-Length: 11\r\n', 'x'.repeat(11))),
    /^HTTP\/1\.1 413 /,
  )
  const chunked = `${last}Transfer-Encoding: chunked\r\n`
  assert.match(await sendRaw(port, post(chunked, `b\r\n${'x'.repeat(11)}\r\n0\r\n\r\n`)), / 413 /)
  assert.match(
    await sendRaw(port, post(`${last}Content-Length: 10\r\n`, 'x'.repeat(10))),
    /"bytes":10/,
  )
})

test('an upgrade to anything but WebSocket is answered as plain HTTP', async (t) => {
  const app = await serveApp(t)
  const { port } = await serveInProcess(t, { target: app.target })
  const fields =
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'
  assert.match(await sendRaw(port, get('/', fields), /one$/), /^HTTP\/1\.1 200 OK/)
})

test('a refused WebSocket passes the refusal on and ends', async (t) => {
  const { target } = await startSocketApp(t, (socket) => {
    socket.on('data', () =>
      socket.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno'),
    )
  })
  const { port } = await serveInProcess(t, { target })
  const text = await sendRaw(port, get('/', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'))
  assert.match(text, /^HTTP\/1\.1 401 Unauthorized\r\n/)
  assert.match(text, /Connection: close\r\n\r\nno$/)
})

test('HEAD, HTTP/1.0 and pipelined requests are answered as they must be', async (t) => {
  const app = await serveApp(t)
  const { port } = await serveInProcess(t, { target: app.target })
  const head = await sendRaw(port, `HEAD / HTTP/1.1\r\nHost: shop.test\r\n${last}\r\n`)
  assert.match(head, /Content-Length: 3\r\n/)
  assert.match(head, /\r\n\r\n$/)
  assert.match(await sendRaw(port, 'GET / HTTP/1.0\r\nHost: shop.test\r\n\r\n'), /\r\n\r\none$/)
  const both = await sendRaw(port, get('/') + get('/', last))
  assert.equal(both.match(/200 OK/g)?.length, 2)
})

test('the health path answers on every host name', async (t) => {
  const { port } = await serveInProcess(t, { settings: { healthPath: '/lb' } })
  const text = await sendRaw(port, `GET /lb?x HTTP/1.1\r\nHost: 192.0.2.1\r\n${last}\r\n`)
  assert.match(text, /^HTTP\/1\.1 200 OK[\s\S]*ok\n$/)
})

test('the access log tells each request without its query', async (t) => {
  const app = await serveApp(t)
  const { port, place } = await serveInProcess(t, { target: app.target })
  await sendRaw(port, get('/path?token=secret', last))
  await waitUntil(() => readFileSync(accessLogPath(place), 'utf8') !== '', 'a line')
  const line = readFileSync(accessLogPath(place), 'utf8')
  assert.match(line, / 127\.0\.0\.1 GET shop\.test \/path 200 3 [\d.]+ms main shop\/one \S+\n$/)
})

test('proxies in front are believed only when they are configured', async (t) => {
  const app = await serveApp(t)
  const trusted = { target: app.target, settings: { trustedProxies: ['127.0.0.0/8'] } }
  const { port } = await serveInProcess(t, trusted)
  const text = await sendRaw(port, get('/headers', `X-Forwarded-For: 192.0.2.9\r\n${last}`))
  assert.match(text, /"192\.0\.2\.9, 127\.0\.0\.1"/)
})

test('the control socket is for its owner and tells the generation of each endpoint', async (t) => {
  const { place, routes } = await serveInProcess(t)
  const ask = (path: string): Promise<object> =>
    askProxy(controlLink(place), { method: 'GET', path, timeout: 2000 })
  const generation = routes.load().routes['main']?.generation
  assert.deepEqual(await ask('/.sluice/generation?endpoint=main'), { generation })
  await assert.rejects(ask('/.sluice/generation?endpoint=__proto__'), { code: 'proxy-failed' })
})
