import assert from 'node:assert/strict'
import test from 'node:test'

import { nextMove, type TriggerCount } from './next-move.ts'

const at = (count: number, epoch?: string): TriggerCount => ({ count, epoch })

const moves: readonly (readonly [string, TriggerCount | undefined, TriggerCount, boolean])[] = [
  ['the first answer is where we begin', undefined, at(7), false],
  ['the first answer is where we begin, with an epoch too', undefined, at(7, 'a'), false],
  ['an equal count is nothing', at(7), at(7), false],
  ['a rise runs', at(7), at(8), true],
  ['five rises are one', at(7), at(12), true],
  ['a lower count is taken over', at(7), at(2), false],
  ['a lower count is taken over within an epoch', at(7, 'a'), at(2, 'a'), false],
  ['another epoch with a lower count runs', at(7, 'a'), at(1, 'b'), true],
  ['another epoch with an equal count runs', at(7, 'a'), at(7, 'b'), true],
  ['another epoch without a count does not', at(7, 'a'), at(0, 'b'), false],
  ['a server that begins to tell its epoch is another one', at(7), at(1, 'a'), true],
  ['a server that tells its epoch no more is another one', at(7, 'a'), at(0), false],
]

for (const [name, seen, answer, runs] of moves) {
  test(name, () => assert.deepEqual(nextMove(seen, answer), { seen: answer, runs }))
}
