import assert from 'node:assert/strict'
import test from 'node:test'

import { assertDistinctNames, endpointsSchema, parseEndpoint, parseServerName } from './endpoint.ts'

test('a server name becomes lowercase punycode, wildcards included', () => {
  assert.equal(parseServerName('Shop.Example.ORG'), 'shop.example.org')
  assert.equal(parseServerName('*.example.org'), '*.example.org')
  assert.equal(parseServerName('bücher.example'), 'xn--bcher-kva.example')
  assert.equal(parseServerName('localhost'), 'localhost')
})

const hostile = [
  '',
  '*',
  '*.',
  'a;return 200 x',
  '~^(a+)+$',
  '""',
  '$host',
  'a b',
  'a\nb',
  'a.*.b',
  '-a.example',
  'a-.example',
  'a..b',
  '.a',
  'a_b',
  'a/b',
  'a:80',
  `${'x'.repeat(64)}.example`,
  `${'abcdefghi.'.repeat(26)}example`,
  '{{name}}',
  'a\0b',
]
for (const name of hostile) {
  test(`${JSON.stringify(name).slice(0, 40)} is no server name`, () => {
    assert.equal(parseServerName(name), undefined)
    assert.throws(() => parseEndpoint('main', { serverNames: [name] }), { code: 'config-invalid' })
  })
}

test('an endpoint has its defaults filled in and its names once', () => {
  assert.deepEqual(parseEndpoint('main', { serverNames: ['a.test', 'A.test'] }), {
    name: 'main',
    app: undefined,
    serverNames: ['a.test'],
    tls: undefined,
  })
})

test('an error names the place and the value', () => {
  assert.throws(() => parseEndpoint('main', { serverNames: ['ok.test', 'a b'] }), {
    message: /^endpoints\.main\.serverNames\.1: "a b" is not a host name/,
  })
  assert.throws(() => parseEndpoint('main', { servernames: [] }), /servernames/)
})

test('certificate paths are absolute, plain and without steps up', () => {
  for (const path of ['cert.pem', '/etc/../cert.pem', '/etc/a b.pem', '/etc/$x.pem', '/etc/a;b']) {
    const tls = { certificate: path, key: '/etc/key.pem' }
    assert.throws(() => parseEndpoint('main', { tls }), { code: 'config-invalid' }, path)
  }
})

test('names of endpoints are short and harmless', () => {
  for (const name of ['', '__proto__', 'a/b', '..', 'UPPER', '-a', 'x'.repeat(33)]) {
    assert.throws(() => parseEndpoint(name, {}), { code: 'config-invalid' }, name)
  }
})

test('two endpoints cannot claim one host name, or both every host', () => {
  const [one, two] = ['one', 'two'].map((name) => parseEndpoint(name, { serverNames: ['a.test'] }))
  assert.throws(() => assertDistinctNames([one!, two!]), /one and two both claim a\.test/)
  assert.throws(
    () => assertDistinctNames([parseEndpoint('one', {}), parseEndpoint('two', {})]),
    /every host/,
  )
  assert.equal(
    endpointsSchema.safeParse({
      one: { serverNames: ['a.test'] },
      two: { serverNames: ['A.test'] },
    }).success,
    false,
  )
})
