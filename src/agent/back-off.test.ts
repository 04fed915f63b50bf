import assert from 'node:assert/strict'
import test from 'node:test'

import { openBackOff } from './back-off.ts'
import { ServerPause } from './server/ask-server.ts'

test('pauses lie below a bound that doubles to a minute, and never at nothing', () => {
  const longest = openBackOff(undefined, () => 1)
  const pauses = Array.from({ length: 9 }, () => longest.failed(undefined))
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  longest.succeeded()
  assert.equal(longest.failed(undefined), 1000)
  const shortest = openBackOff(undefined, () => 0)
  assert.deepEqual([shortest.failed(undefined), shortest.failed(undefined)], [100, 100])
})

test('what the server asks for is waited for, within reason', () => {
  const backOff = openBackOff(undefined, () => 0)
  assert.equal(backOff.failed(new ServerPause('x', 7000)), 7100)
  assert.equal(backOff.failed(new ServerPause('x', 9_999_000)), 300_100)
})
