import assert from 'node:assert/strict'
import test from 'node:test'

import { AppError, errnoOf, toAppError, withContext } from './app-error.ts'
import { errorCodes } from './codes.ts'
import { nearestName } from './nearest-name.ts'

test('context goes in front of the message, and code, hint and output stay', () => {
  const inner = new AppError('locked', 'held by ada', {
    hint: 'wait',
    output: 'x',
    retryable: true,
  })
  const outer = withContext('deploying shop', inner)
  assert.equal(outer.message, 'deploying shop: held by ada')
  const { code, kind, hint, output, retryable, cause } = outer
  assert.deepEqual(
    { code, kind, hint, output, retryable, cause },
    {
      code: 'locked',
      kind: 'locked',
      hint: 'wait',
      output: 'x',
      retryable: true,
      cause: inner,
    },
  )
})

test('what is not an AppError is a bug and keeps its cause', () => {
  const thrown = new TypeError('x is undefined')
  const { code, message, cause } = toAppError(thrown)
  assert.deepEqual([code, message, cause], ['bug', 'x is undefined', thrown])
  assert.equal(toAppError('text').message, 'text')
})

test('the errno of a failed system call is found, and of nothing else', () => {
  assert.equal(errnoOf(Object.assign(new Error('no'), { code: 'ENOENT' })), 'ENOENT')
  assert.equal(errnoOf(new Error('no')), undefined)
  assert.equal(errnoOf(Object.assign(new Error('no'), { code: 7 })), undefined)
  assert.equal(errnoOf('ENOENT'), undefined)
})

test('every meaning is a sentence', () => {
  for (const [code, { meaning }] of Object.entries(errorCodes))
    assert.match(meaning, /^([A-Z]|release\.json).*\.$/, code)
})

const nearest: readonly (readonly [string, readonly string[], string | undefined])[] = [
  ['shop-l', ['blog-1', 'shop-1'], 'shop-1'],
  ['Shop', ['shop'], 'shop'],
  ['deplyo', ['destroy', 'deploy'], 'deploy'],
  ['ab', ['cd'], undefined],
  ['canary', ['shop-1', 'main'], undefined],
  ['', ['a'], 'a'],
  ['x', [], undefined],
]

for (const [wanted, candidates, expected] of nearest) {
  test(`of ${candidates.join(', ') || 'nothing'}, "${wanted}" is nearest to ${expected ?? 'none'}`, () =>
    assert.equal(nearestName(wanted, candidates), expected))
}
