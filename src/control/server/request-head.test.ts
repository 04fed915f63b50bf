import assert from 'node:assert/strict'
import test from 'node:test'

import { readHead } from './request-head.ts'

const host = ['Host', 'deploy.example.com']

test('a plain request is read', () => {
  const head = readHead({
    method: 'GET',
    url: '/v1/triggers/shop?after=1&wait=25',
    rawHeaders: [...host, 'Accept', 'a', 'accept', 'b'],
  })
  assert.equal(head.path, '/v1/triggers/shop')
  assert.deepEqual({ ...head.query }, { after: '1', wait: '25' })
  assert.equal(head.headers.get('accept'), 'a, b')
})

const badUrls = [
  '',
  '*',
  'shop',
  '//evil/v1',
  'http://evil/v1/triggers',
  'https://deploy.example.com/healthz',
  '/../../etc/passwd',
  '/v1/../metrics',
  '/v1/./metrics',
  '/v1/..',
  '/v1//metrics',
  '/v1/triggers/',
  '/v1/triggers/a%2fb',
  '/v1/triggers/%2e%2e',
  '/v1/triggers/%252e',
  '/v1/triggers/%00',
  '/v1/triggers/%c0%ae',
  '/v1/triggers/a\\b',
  '/v1/triggers/a b',
  '/v1/triggers/a;b',
  '/v1/triggers/é',
  '/v1/triggers/a\u202eb',
  '/v1/triggers#a',
  '/v1/triggers?after=1&after=2',
  '/v1/triggers?a[]=1',
  '/v1/triggers?after',
  '/v1/triggers?=1',
  '/v1/triggers?after=%31',
  '/v1/triggers?after=1?wait=2',
  '/v1/triggers?After=1',
  `/v1/triggers?after=${'1'.repeat(2000)}`,
  '/v1/triggers?__proto__=1',
]

for (const url of badUrls) {
  test(`the target ${JSON.stringify(url.slice(0, 60))} is refused`, () => {
    assert.throws(() => readHead({ method: 'GET', url, rawHeaders: host }), {
      code: 'request-invalid',
    })
  })
}

const badHeaders: readonly (readonly string[])[] = [
  [],
  ['Host', ''],
  [...host, ...host],
  [...host, 'host', 'evil'],
  ['Host', 'a b'],
  ['Host', 'a/b'],
  ['Host', 'a@b'],
  ['Host', 'a,b'],
  ['Host', 'é'],
  [...host, 'Authorization', 'Bearer a', 'authorization', 'Bearer b'],
  [...host, 'Content-Type', 'application/json', 'Content-Type', 'text/plain'],
  [...host, 'Idempotency-Key', 'a', 'Idempotency-Key', 'b'],
  [...host, 'X-Hub-Signature-256', 'a', 'X-Hub-Signature-256', 'b'],
  [...host, 'webhook-signature', 'a', 'Webhook-Signature', 'b'],
]

for (const rawHeaders of badHeaders) {
  test(`the headers ${JSON.stringify(rawHeaders)} are refused`, () => {
    assert.throws(() => readHead({ method: 'GET', url: '/healthz', rawHeaders }), {
      code: 'request-invalid',
    })
  })
}

for (const good of ['localhost:7780', '127.0.0.1', '[::1]:7780', 'a.b-c.example']) {
  test(`the host ${good} is taken`, () => {
    assert.equal(
      readHead({ method: 'GET', url: '/', rawHeaders: ['Host', good] }).headers.get('host'),
      good,
    )
  })
}
