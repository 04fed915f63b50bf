import assert from 'node:assert/strict'
import test from 'node:test'

import { parseListen, readClientSettings, readServerSettings } from './settings.ts'

const places: readonly (readonly [string, string | undefined, number])[] = [
  ['', undefined, 80],
  [':6969', undefined, 6969],
  ['0.0.0.0:6969', '0.0.0.0', 6969],
  ['server.example:1', 'server.example', 1],
  ['[::1]:6969', '::1', 6969],
]

for (const [address, host, port] of places) {
  test(`the server listens at ${address || 'nothing said'}`, () => {
    assert.deepEqual(parseListen(address), { host, port })
  })
}

for (const address of [
  '6969',
  'host',
  'host:',
  'host:99999',
  '::1:80',
  'http://host:80',
  'a:b:1',
]) {
  test(`${address} is no place to listen at`, () => {
    assert.throws(() => parseListen(address), { code: 'config-invalid' })
  })
}

test('what is not said has the usual values', () => {
  const { aws, allow, cacheBytes, secret } = readServerSettings({})
  assert.deepEqual([aws, allow, cacheBytes, secret], ['aws', undefined, 20 * 2 ** 30, ''])
  const client = readClientSettings({ PROSTAGMA_HOST: 'https://h/prostagma//' })
  assert.equal(client.host, 'https://h/prostagma')
  const { shell, metricsPort, trigger, pollInterval, connectTimeout, pollTimeout } = client
  assert.deepEqual(
    [shell, metricsPort, trigger, pollInterval, connectTimeout, pollTimeout],
    ['/bin/sh', 80, '', 5000, 10_000, 15_000],
  )
})

test('origins are told apart by blanks and commas', () => {
  const { allow } = readServerSettings({
    PROSTAGMA_ALLOW: ' https://a.example, https://b.example/x/ ',
  })
  assert.deepEqual(allow, ['https://a.example', 'https://b.example/x/'])
})
