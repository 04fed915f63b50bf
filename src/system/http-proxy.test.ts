import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../test/support/afterwards.ts'
import { proxyFromEnvironment } from './http-proxy.ts'
import { openUrl, readBody, type UrlGate } from './http.ts'

const proxies = { HTTP_PROXY: 'http://web.example:3128', https_proxy: 'tls.example:3129' }

const choices: readonly (readonly [string, string, string | undefined])[] = [
  ['http://a.example/', '', 'web.example:3128'],
  ['https://a.example/', '', 'tls.example:3129'],
  ['http://localhost/', '', undefined],
  ['http://127.1.2.3/', '', undefined],
  ['http://[::1]/', '', undefined],
  ['http://a.example/', '*', undefined],
  ['http://a.example/', 'b.example, A.example', undefined],
  ['http://x.a.example/', 'a.example', undefined],
  ['http://xa.example/', 'a.example', 'web.example:3128'],
  ['http://a.example/', '.a.example', 'web.example:3128'],
  ['http://x.a.example/', '.a.example', undefined],
  ['http://x.a.example/', '*.a.example', undefined],
  ['http://a.example:8080/', 'a.example:8080', undefined],
  ['http://a.example/', 'a.example:8080', 'web.example:3128'],
  ['http://a.example/', 'a.example:80', undefined],
  ['http://10.1.2.3/', '10.0.0.0/8', undefined],
  ['http://11.1.2.3/', '10.0.0.0/8,nonsense/99', 'web.example:3128'],
  ['http://10.1.2.3/', '10.1.2.3', undefined],
  ['http://[fd00::1]/', 'fd00::/8', undefined],
]

for (const [url, exceptions, expected] of choices) {
  test(`${url} with NO_PROXY=${exceptions} goes to ${expected ?? 'nobody'}`, () => {
    const choose = proxyFromEnvironment({ ...proxies, NO_PROXY: exceptions })
    assert.equal(choose(new URL(url))?.host, expected)
  })
}

test('a proxy that is no http address is told', () => {
  assert.throws(() => proxyFromEnvironment({ HTTP_PROXY: 'socks5://x:1' }), {
    code: 'config-invalid',
  })
})

interface Proxy {
  readonly port: number
  readonly asked: string[]
  readonly requests: IncomingMessage[]
}

async function startProxy(t: TestContext): Promise<Proxy> {
  const proxy = { port: 0, asked: [] as string[], requests: [] as IncomingMessage[] }
  const server = createServer((request, response) => {
    proxy.asked.push(`${request.method} ${request.url}`)
    proxy.requests.push(request)
    response.end('by proxy')
  })
  server.on('connect', (request: IncomingMessage, socket) => {
    proxy.asked.push(`CONNECT ${request.url}`)
    if (request.url?.startsWith('refused') === true) return socket.end('HTTP/1.1 403 no\r\n\r\n')
    // Whatever speaks no TLS will do: the tunnel is there when the greeting arrives.
    const inside = connect(proxy.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 ok\r\n\r\n')
      inside.pipe(socket)
      socket.pipe(inside)
    })
    inside.on('error', () => socket.destroy())
    return socket.on('error', () => inside.destroy())
  })
  await new Promise<void>((ready) => void server.listen(0, '127.0.0.1', ready))
  proxy.port = (server.address() as AddressInfo).port
  afterwards(t, () => {
    server.closeAllConnections()
    server.close()
  })
  return proxy
}

function gateBy({ port }: Proxy, user = ''): UrlGate {
  const address = `http://${user}127.0.0.1:${port}`
  return {
    mostRedirects: 0,
    checkUrl: () => undefined,
    chooseProxy: proxyFromEnvironment({ HTTP_PROXY: address, HTTPS_PROXY: address }),
  }
}

test('a proxy is asked for the whole address, with the host of the target and its own credentials', async (t) => {
  const proxy = await startProxy(t)
  const gate = gateBy(proxy, 'me:p%40ss@')
  const answer = await openUrl({ url: new URL('http://files.example/a?b#c'), gate, timeout: 2000 })
  assert.equal((await readBody(answer, 100)).toString(), 'by proxy')
  assert.deepEqual(proxy.asked, ['GET http://files.example/a?b'])
  const { headers } = proxy.requests[0] ?? {}
  assert.equal(headers?.host, 'files.example')
  assert.equal(
    headers?.['proxy-authorization'],
    `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
  )
})

test('for https a tunnel is asked for, and TLS is spoken in it', async (t) => {
  const proxy = await startProxy(t)
  const url = new URL('https://files.example/a')
  await assert.rejects(openUrl({ url, gate: gateBy(proxy), timeout: 2000 }), {
    code: 'download-failed',
  })
  assert.deepEqual(proxy.asked, ['CONNECT files.example:443'])
})

test('a tunnel that is refused is a failed download that names the status', async (t) => {
  const proxy = await startProxy(t)
  const url = new URL('https://refused.example/a')
  await assert.rejects(
    openUrl({ url, gate: gateBy(proxy), timeout: 2000 }),
    /the proxy answered 403/,
  )
})
