import assert from 'node:assert/strict'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { connect } from 'node:tls'

import { afterwards } from '../../../test/support/afterwards.ts'
import { freePort } from '../../../test/support/free-port.ts'
import { startApp } from '../../../test/support/proxy-app.ts'
import { sendRaw } from '../../../test/support/raw-client.ts'
import { serveInProcess } from '../../../test/support/serve-in-process.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { runOrFail } from '../../system/index.ts'
import { askThroughEndpoint } from '../probe-endpoint.ts'

async function makeCertificate(folder: string, name: string) {
  const [certificate, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
  const kind = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(
    ' ',
  )
  const files = ['-subj', `/CN=${name}`, '-keyout', key, '-out', certificate]
  await runOrFail(['openssl', ...kind, ...files])
  return { certificate, key }
}

async function serveTls(t: TestContext) {
  const folder = temporaryFolder(t)
  const app = await startApp('one', { kind: 'tcp' })
  afterwards(t, () => app.close())
  const [shop, wild] = await Promise.all(
    ['shop.test', 'wild.test'].map((name) => makeCertificate(folder, name)),
  )
  const https = { address: '127.0.0.1', port: await freePort() }
  const served = await serveInProcess(t, {
    target: app.target,
    settings: { https },
    endpoints: {
      main: { serverNames: ['shop.test'], tls: shop },
      wild: { serverNames: ['*.wild.test'], tls: { ...wild, redirect: false } },
    },
  })
  return { ...served, https, shop }
}

function ask(port: number, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', servername: name, rejectUnauthorized: false })
    let text = ''
    socket.on('secureConnect', () => {
      text = `${String(socket.getPeerCertificate().subject.CN)} `
      socket.write(`GET /headers HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`)
    })
    socket.on('data', (chunk) => {
      text += chunk.toString()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

test('each host name is served with its own certificate', async (t) => {
  const { https } = await serveTls(t)
  const main = await ask(https.port, 'shop.test')
  assert.match(main, /^shop\.test HTTP\/1\.1 200 OK/)
  assert.match(main, /"X-Forwarded-Proto","https"/)
  assert.match(await ask(https.port, 'a.wild.test'), /^wild\.test HTTP\/1\.1 200 OK/)
})

test('a host name without a certificate gets no handshake', async (t) => {
  const { https } = await serveTls(t)
  await assert.rejects(ask(https.port, 'other.test'))
})

function request(host: string, method = 'GET'): string {
  return `${method} /a?b HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
}

test('http leads to https unless the endpoint says otherwise', async (t) => {
  const { port, https } = await serveTls(t)
  const moved = await sendRaw(port, request('shop.test'))
  assert.match(
    moved,
    new RegExp(`^HTTP/1.1 301 [\\s\\S]*Location: https://shop.test:${https.port}/a\\?b\r\n`),
  )
  assert.match(await sendRaw(port, request('shop.test', 'DELETE')), /^HTTP\/1\.1 308 /)
  assert.match(await sendRaw(port, request('a.wild.test')), /^HTTP\/1\.1 200 /)
})

test('the probe of an endpoint with a certificate goes through https', async (t) => {
  const { settings, routes } = await serveTls(t)
  const { endpoint } = routes.load().routes['main']!
  assert.equal(await askThroughEndpoint(settings, endpoint, { path: '/', timeout: 5000 }), 200)
})

test('a certificate that cannot be read is a problem that is told, and costs no other endpoint anything', async (t) => {
  const missing = { certificate: '/nowhere/a.pem', key: '/nowhere/a.key' }
  const app = await startApp('one', { kind: 'tcp' })
  afterwards(t, () => app.close())
  const { proxy, port } = await serveInProcess(t, {
    target: app.target,
    endpoints: {
      main: { serverNames: ['shop.test'] },
      bad: { serverNames: ['bad.test'], tls: missing },
    },
  })
  assert.match(proxy.status().problems[0] ?? '', /endpoint bad \(\/nowhere\/a\.pem/)
  assert.match(
    await sendRaw(port, 'GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 200 /,
  )
})
