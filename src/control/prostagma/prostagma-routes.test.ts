import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer, request as requestHttp } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import { serverUnderTest } from '../../../test/support/control-server.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'

const secret = '0123456789abcdef0123456789abcdef'

async function serving(t: TestContext, more: Readonly<Record<string, unknown>> = {}) {
  const file = join(temporaryFolder(t), 'prostagma.secret')
  writeFileSync(file, `${secret}\n`, { mode: 0o600 })
  const under = await serverUnderTest(t, {
    triggers: { shop: { sources: ['prostagma'] }, blog: { sources: ['token'] } },
    prostagma: { secretFiles: [file] },
    ...more,
  })
  const ask = (method: string, path: string, body: unknown, headers = {}) =>
    send(`${under.server.url}${path}`, { method, body: JSON.stringify(body), headers })
  return { ...under, api: under.ask, ask }
}

/** As Prostagma's clients do: also a GET has a body. */
async function send(
  url: string,
  { method, body, headers }: { method: string; body: string; headers: Record<string, string> },
) {
  return await new Promise<{ status: number; text: string; headers: Record<string, unknown> }>(
    (resolve, reject) => {
      const length = { 'content-length': String(Buffer.byteLength(body)) }
      const request = requestHttp(url, { method, headers: { ...length, ...headers } }, (answer) => {
        let text = ''
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers }),
        )
      })
      request.on('error', reject)
      request.end(body)
    },
  )
}

test('a client raises and polls, held where it offers that', async (t) => {
  const { ask, admin, api, log } = await serving(t)
  const first = await ask('GET', '/trigger', { secret, trigger: 'shop' })
  assert.deepEqual([first.status, first.text], [200, '{"trigger":"shop","count":0}\n'])
  const held = ask(
    'GET',
    '/trigger',
    { secret, trigger: 'shop' },
    {
      'prostagma-hold': '25',
      'prostagma-after': '0',
      'prostagma-epoch': String(first.headers['prostagma-epoch']),
    },
  )
  const raised = await ask('POST', '/trigger', { Secret: secret, trigger: 'shop' })
  assert.deepEqual([raised.status, raised.text], [200, ''])
  assert.equal((await held).text, '{"trigger":"shop","count":1}\n')
  const audited = await api(admin, 'GET', '/v1/audit')
  assert.match(audited.text, /prostagma client/)
  assert.ok(!audited.text.includes(secret) && !log().includes(secret))
})

test('the strict rules hold: a secret, and only triggers that are defined for it', async (t) => {
  const { ask } = await serving(t)
  const status = async (body: unknown) => (await ask('POST', '/trigger', body)).status
  assert.equal(await status({ secret: 'wrong', trigger: 'shop' }), 403)
  assert.equal(await status({ secret: '', trigger: 'shop' }), 403)
  assert.equal(await status({ trigger: 'shop' }), 403)
  assert.equal(await status({ secret, trigger: 'blog' }), 404)
  assert.equal(await status({ secret, trigger: 'new' }), 404)
  assert.equal((await ask('GET', '/trigger', { secret, trigger: 'new' })).status, 404)
  assert.equal(await status([secret]), 400)
  assert.equal((await ask('POST', '/cache', { secret, url: 'http://127.0.0.1/' })).status, 404)
})

test('files come from the origins of the relay and from nowhere else', async (t) => {
  const upstream = createServer((_request, response) => void response.end('content'))
  await new Promise<void>((ready) => void upstream.listen(0, '127.0.0.1', ready))
  afterwards(t, () => {
    upstream.closeAllConnections()
    upstream.close()
  })
  const base = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  const relay = { origins: [`${base}/files/`], allowPrivate: true }
  const { ask } = await serving(t, { relay })
  const url = `${base}/files/a`
  assert.equal((await ask('GET', '/cache', { secret, url })).status, 404)
  assert.equal((await ask('POST', '/cache', { secret, url })).status, 200)
  const read = await ask('GET', '/cache', { secret, url })
  assert.deepEqual([read.status, read.text], [200, 'content'])
  for (const method of ['POST', 'GET'])
    assert.equal((await ask(method, '/cache', { secret, url: `${base}/other` })).status, 403)
})

test('without `prostagma` in the settings there are no such routes, and a short secret is none', async (t) => {
  const { server } = await serverUnderTest(t)
  const body = JSON.stringify({ secret: '', trigger: 'shop' })
  for (const path of ['/trigger', '/cache'])
    assert.equal(
      (await send(`${server.url}${path}`, { method: 'POST', body, headers: {} })).status,
      404,
    )
  const file = join(temporaryFolder(t), 'short.secret')
  writeFileSync(file, 'short', { mode: 0o600 })
  await assert.rejects(serverUnderTest(t, { prostagma: { secretFiles: [file] } }), {
    code: 'config-invalid',
  })
})
