import assert from 'node:assert/strict'
import test from 'node:test'
import { format, inspect } from 'node:util'

import { Secret } from './secret.ts'

const canary = 'canary-4711'

for (const [secret, mask] of [
  [new Secret(canary), '[redacted]'],
  [new Secret(canary, 'store token'), '[secret:store token]'],
] as const) {
  test(`a secret shows ${mask} wherever it is printed, and its value to reveal only`, () => {
    const printed = [
      String(secret),
      secret.toString(),
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ deep: { deeper: [secret] } }, { showHidden: true, depth: null }),
      format('%s %o %O %j', secret, secret, secret, secret),
      JSON.stringify(Object.entries(secret)),
    ]
    assert.doesNotMatch(printed.join('\n'), /canary/)
    assert.equal(String(secret), mask)
    assert.equal(secret.reveal(), canary)
  })
}
