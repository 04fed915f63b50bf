import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { serverUnderTest } from '../../../test/support/control-server.ts'
import { manualClock } from '../../../test/support/manual-clock.ts'
import { rawRequests, spoken } from '../../../test/support/raw-requests.ts'
import { assertSafeToListen, callerAddress } from './exposure.ts'
import { openRateLimits } from './rate-limits.ts'

test('a raise is answered with its epoch, sequence and event, and wakes who waits', async (t) => {
  const { server, admin, ask, token } = await serverUnderTest(t)
  const ci = await token('trigger:shop')
  const waiting = ask(admin, 'GET', '/v1/triggers/shop?after=0&wait=25')
  const raised = await ask(ci, 'POST', '/v1/triggers/shop', {})
  const { epoch } = server
  const event = `${epoch}:shop:1`
  assert.equal(raised.status, 201)
  assert.deepEqual(raised.body, {
    trigger: 'shop',
    epoch,
    sequence: 1,
    event,
    isRepeat: false,
    starts: null,
  })
  assert.deepEqual((await waiting).body, { trigger: 'shop', epoch, sequence: 1, event })
  const other = await ask(admin, 'GET', '/v1/triggers/shop?after=9&wait=25&epoch=another')
  assert.equal(other.body['sequence'], 1)
})

test('the same key has one effect, another body under it none, and keys of two tokens are two', async (t) => {
  const { server, token } = await serverUnderTest(t)
  const [one, two] = [await token('trigger:shop'), await token('trigger:shop')]
  const raise = async (text: string, body = '{}') => {
    const headers = {
      authorization: `Bearer ${text}`,
      'idempotency-key': 'k',
      'content-type': 'application/json',
    }
    const url = `${server.url}/v1/triggers/shop`
    const answer = await fetch(url, { method: 'POST', headers, body })
    return [answer.status, ((await answer.json()) as { sequence?: number }).sequence]
  }
  assert.deepEqual(await raise(one), [201, 1])
  assert.deepEqual(await raise(one), [200, 1])
  assert.deepEqual(await raise(one, '{} '), [422, undefined])
  assert.deepEqual(await raise(two), [201, 2])
})

test('a poll whose token is revoked while it is held is not answered', async (t) => {
  const { admin, ask, token } = await serverUnderTest(t)
  const [viewer, ci] = [await token('viewer'), await token('trigger:shop')]
  const waiting = ask(viewer, 'GET', '/v1/triggers/shop?after=0&wait=25')
  await ask(viewer, 'GET', '/v1/token')
  const id = viewer.split('_')[2] ?? ''
  assert.equal((await ask(admin, 'DELETE', `/v1/tokens/${id}`)).status, 200)
  await ask(ci, 'POST', '/v1/triggers/shop')
  assert.equal((await waiting).status, 401)
  assert.equal((await ask(viewer, 'GET', '/v1/token')).status, 401)
})

test('a token holds at most a hundred polls at a time', async (t) => {
  const { ask, token } = await serverUnderTest(t)
  const viewer = await token('viewer')
  const [other, ci] = [await token('viewer'), await token('trigger:shop')]
  const path = '/v1/triggers/shop?after=0&wait=25'
  const waiting = Array.from({ length: 101 }, () => ask(viewer, 'GET', path))
  const refused = await Promise.race(waiting)
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '5'])
  assert.equal((await ask(other, 'GET', '/v1/triggers/shop')).status, 200)
  await ask(ci, 'POST', '/v1/triggers/shop')
  const statuses = (await Promise.all(waiting)).map(({ status }) => status)
  assert.equal(statuses.filter((status) => status === 200).length, 100)
})

type BadRequest = Omit<RequestInit, 'headers'> & {
  readonly headers?: Readonly<Record<string, string>>
}

const badBodies: readonly (readonly [what: string, init: BadRequest, status: number])[] = [
  ['text/plain', { headers: { 'content-type': 'text/plain' }, body: '{}' }, 415],
  ['no type', { headers: { 'content-type': '' }, body: '{}' }, 415],
  ['a form', { body: new URLSearchParams({ a: 'b' }) }, 415],
  ['utf-16', { headers: json('; charset=utf-16'), body: '{}' }, 415],
  ['gzip', { headers: { ...json(), 'content-encoding': 'gzip' }, body: '{}' }, 415],
  ['cut', { headers: json(), body: '{"scope":' }, 400],
  ['trailing bytes', { headers: json(), body: '{} {}' }, 400],
  ['an array', { headers: json(), body: '[]' }, 400],
  ['null', { headers: json(), body: 'null' }, 400],
  ['bytes that are no UTF-8', { headers: json(), body: Buffer.from([0x7b, 0xff, 0x7d]) }, 400],
  ['an unknown key', { headers: json(), body: '{"scope":"viewer","life":"1h","id":"x"}' }, 400],
  ['no life', { headers: json(), body: '{"scope":"viewer"}' }, 400],
  ['a life of two years', { headers: json(), body: '{"scope":"viewer","life":"730d"}' }, 400],
  ['no life at all', { headers: json(), body: '{"scope":"viewer","life":"0d"}' }, 400],
  ['an unknown scope', { headers: json(), body: '{"scope":"root","life":"1h"}' }, 400],
  ['a byte too many', { headers: json(), body: 'x'.repeat(64 * 1024 + 1) }, 413],
]

test('bodies that are not what a route takes are refused, before and after authentication', async (t) => {
  const { server, admin } = await serverUnderTest(t)
  for (const [what, { headers, ...init }, status] of badBodies) {
    const authorization = `Bearer ${admin}`
    const request = { ...init, method: 'POST', headers: { ...headers, authorization } }
    const answer = await fetch(`${server.url}/v1/tokens`, request)
    const { error } = (await answer.json()) as { error: { code: string; message: string } }
    assert.equal(answer.status, status, `${what}: ${error.code} ${error.message}`)
  }
  const large = { method: 'POST', headers: json(), body: 'x'.repeat(64 * 1024 + 1) }
  assert.equal((await fetch(`${server.url}/v1/tokens`, large)).status, 413)
})

function json(more = ''): Record<string, string> {
  return { 'content-type': `application/json${more}` }
}

for (const [what, text, expected] of rawRequests) {
  test(`on the wire: ${what}`, async (t) => {
    const { server } = await serverUnderTest(t)
    assert.match(await spoken(t, server.url, text), expected)
  })
}

test('a body without a length is cut off at the cap, and so is its connection', async (t) => {
  const { server } = await serverUnderTest(t)
  const head = 'POST /v1/tokens HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
  const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`
  const said = await spoken(t, server.url, head + chunk.repeat(3))
  assert.match(said, /^HTTP\/1\.1 413 [^]*connection: close/i)
})

test('after ten failed authentications an address waits, also with a good token', async (t) => {
  const { admin, ask } = await serverUnderTest(t)
  for (let count = 0; count < 10; count++)
    assert.equal((await ask('slc_x', 'GET', '/v1/token')).status, 401)
  const refused = await ask(admin, 'GET', '/v1/token')
  assert.equal(refused.status, 429)
  assert.match(refused.headers.get('retry-after') ?? '', /^[1-6]$/)
  assert.equal((refused.body['error'] as { code: string }).code, 'rate-limited')
})

test('a rate of the settings takes the place of ours, and the others stay', async (t) => {
  const limits = { raise: { perMinute: 1, burst: 2 } }
  const { admin, ask, token } = await serverUnderTest(t, { limits })
  const ci = await token('trigger:shop')
  const statuses: number[] = []
  for (let count = 0; count < 3; count++)
    statuses.push((await ask(ci, 'POST', '/v1/triggers/shop')).status)
  assert.deepEqual(statuses, [201, 201, 429])
  assert.equal((await ask(admin, 'GET', '/v1/triggers/shop')).status, 200)
})

test('no token stands in the log, the answers or the files', async (t) => {
  const { admin, ask, token, log, folder } = await serverUnderTest(t)
  const made = await token('trigger:shop')
  await ask(made, 'POST', '/v1/triggers/shop')
  await ask(made, 'GET', '/v1/tokens')
  await ask(`${admin}x`, 'GET', '/v1/tokens')
  const listed = await ask(admin, 'GET', '/v1/tokens')
  const audited = await ask(admin, 'GET', '/v1/audit')
  const state = join(folder, 'state')
  const entries = readdirSync(state, { recursive: true, withFileTypes: true })
  const names = entries.filter((entry) => entry.isFile())
  const files = names.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'))
  for (const text of [admin, made]) {
    const secret = text.split('_')[3] ?? ''
    assert.equal(secret.length, 43)
    for (const place of [log(), listed.text, audited.text, ...files])
      assert.ok(!place.includes(secret))
  }
  for (const name of readdirSync(state))
    if (!name.endsWith('.pub')) assert.equal(statSync(join(state, name)).mode & 0o077, 0, name)
})

test('every line of the log is one object, whatever a caller sends', async (t) => {
  const { ask, log } = await serverUnderTest(t)
  await ask('x', 'GET', '/v1/token?a=%0a{"level":"info"}')
  await ask('', 'GET', '/healthz')
  for (const line of log().trimEnd().split('\n')) assert.ok(JSON.parse(line))
})

test('counts tell routes and statuses, and the interface describes itself', async (t) => {
  const { admin, ask } = await serverUnderTest(t)
  await ask(admin, 'GET', '/v1/token')
  const { text } = await ask(admin, 'GET', '/metrics')
  assert.match(text, /sluice_http_request_seconds_count\{route="show-self",status="200"\} 1\n/)
  assert.match(text, /sluice_http_connections \d/)
  const { body } = await ask('', 'GET', '/openapi.json')
  assert.equal(body['openapi'], '3.1.0')
  assert.ok('/v1/triggers/{trigger}' in (body['paths'] as object))
  assert.equal((await ask('', 'GET', '/readyz')).status, 200)
})

test('plain HTTP is for this machine or behind declared proxies', () => {
  const off = { mode: 'off' as const, names: ['a'] }
  const safe = (address: string, more: object = {}, insecureHttp = false) =>
    assertSafeToListen(
      { listen: { address, port: 1 }, tls: off, trustedProxies: [], ...more },
      { insecureHttp },
    )
  for (const address of ['127.0.0.1', '127.9.9.9', '::1']) safe(address)
  for (const address of ['0.0.0.0', '::', '192.0.2.1', '10.0.0.1'])
    assert.throws(() => safe(address), { code: 'server-insecure' }, address)
  safe('0.0.0.0', { trustedProxies: ['10.0.0.2'] })
  safe('0.0.0.0', { tls: { mode: 'self-made', names: ['a'] } })
  safe('0.0.0.0', {}, true)
})

test('what is forwarded counts only from declared proxies, and only their last stranger', () => {
  const proxies = ['10.0.0.2', '10.0.0.3']
  assert.equal(callerAddress('192.0.2.1', '127.0.0.1', proxies), '192.0.2.1')
  assert.equal(callerAddress('10.0.0.2', '127.0.0.1, 192.0.2.9', proxies), '192.0.2.9')
  assert.equal(callerAddress('10.0.0.2', '192.0.2.9, 10.0.0.3', proxies), '192.0.2.9')
  assert.equal(callerAddress('10.0.0.2', 'x'.repeat(100), proxies), '10.0.0.2')
  assert.equal(callerAddress('10.0.0.2', undefined, proxies), '10.0.0.2')
})

test('a bucket empties at once, fills with time, and the oldest is forgotten first', async () => {
  const clock = manualClock()
  const limits = openRateLimits(clock, { most: 2 })
  for (let count = 0; count < 20; count++) assert.equal(limits.take('hook', 'a'), undefined)
  assert.equal(limits.take('hook', 'a'), 1)
  assert.equal(limits.take('hook', 'b'), undefined)
  await clock.advance(1000)
  assert.equal(limits.take('hook', 'a'), undefined)
  assert.equal(limits.take('hook', 'a'), 1)
  limits.take('hook', 'c')
  assert.equal(limits.look('hook', 'a'), 1)
  limits.take('hook', 'd')
  assert.equal(limits.look('hook', 'a'), undefined)
})
