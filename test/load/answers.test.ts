import assert from 'node:assert/strict'
import test from 'node:test'

import { judgeAnswers, labels, type Move } from '../../bench/switching/answers.ts'

const moves: readonly Move[] = [
  { label: 'one', startedAt: 0, acknowledgedAt: 10 },
  { label: 'two', startedAt: 100, acknowledgedAt: 110 },
]

/** Sent at, answered at, by whom. */
function judge(...answers: readonly (readonly [number, number, string])[]) {
  const rows = answers.flatMap(([sent, answered, by]) => [sent, answered, labels.indexOf(by) + 1])
  return judgeAnswers(Float64Array.from(rows), moves)
}

test('an answer of the old release to a request sent after the acknowledgement is stale', () => {
  assert.deepEqual(judge([110, 120, 'one']), { stale: 1, judged: 1 })
  assert.deepEqual(judge([110, 120, 'two']), { stale: 0, judged: 1 })
})

test('a request that was under way during a switch may be answered by either release', () => {
  for (const by of ['one', 'two']) {
    assert.deepEqual(judge([105, 120, by]), { stale: 0, judged: 0 })
    assert.deepEqual(judge([50, 101, by]), { stale: 0, judged: 0 })
  }
})

test('an answer of the next release before its switch began is stale', () => {
  assert.deepEqual(judge([50, 99, 'two']), { stale: 1, judged: 1 })
})

test('what came before the first switch, and what failed, is not judged', () => {
  assert.deepEqual(judge([0, 5, 'two'], [50, 60, 'nobody']), { stale: 0, judged: 0 })
})
