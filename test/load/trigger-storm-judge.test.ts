import assert from 'node:assert/strict'
import test from 'node:test'

import { seededRandom } from '../support/seeded-random.ts'
import { judgeStorm, type StormRecord } from '../support/storm/judge-storm.ts'
import { planSends } from '../support/storm/plan-sends.ts'

const [a, b] = [
  { trigger: 't', key: 'a' },
  { trigger: 't', key: 'b' },
]
const epoch = 'e'

/** Two raises, both acknowledged, one of them twice, and a poller that was told of both. */
const fine: StormRecord = {
  sends: [a, b, a],
  acknowledged: [
    { ...a, epoch, sequence: 1, isRepeat: false },
    { ...b, epoch, sequence: 2, isRepeat: false },
    { ...a, epoch, sequence: 1, isRepeat: true },
  ],
  recorded: [
    { ...a, sequence: 1 },
    { ...b, sequence: 2 },
  ],
  counters: new Map([['t', 2]]),
  epoch,
  told: [[1, 2, 2].map((sequence) => ({ trigger: 't', epoch, sequence }))],
  audited: new Set(['t/1', 't/2']),
}

test('a storm that lost and doubled nothing has no faults', () => {
  assert.deepEqual(judgeStorm(fine), [])
})

const [first, second] = fine.acknowledged
const bad: readonly (readonly [what: string, record: Partial<StormRecord>, fault: RegExp])[] = [
  ['a lost raise', { recorded: [{ ...a, sequence: 1 }] }, /^lost: t b$/],
  ['a doubled raise', { recorded: [...fine.recorded, { ...a, sequence: 3 }] }, /^doubled: t a$/],
  ['a raise of nobody', { sends: [a] }, /^never sent: t b$/],
  ['a gap', { recorded: [fine.recorded[0]!, { ...b, sequence: 3 }] }, /^t has 3 in place of 2$/],
  ['a counter ahead', { counters: new Map([['t', 3]]) }, /^t counts 3/],
  [
    'a wrong number',
    { acknowledged: [{ ...second!, sequence: 1 }] },
    /acknowledged as 1, and is 2/,
  ],
  ['an old epoch', { acknowledged: [{ ...first!, epoch: 'f' }] }, /in the epoch f/],
  ['two firsts', { acknowledged: [first!, first!] }, /as new twice/],
  ['no audit', { audited: new Set(['t/1']) }, /^t b is not audited$/],
  ['a falling count', { told: [[told(2), told(1)]] }, /was told 1 after 2/],
  ['a count that is never told', { told: [[told(1)]] }, /was never told 2$/],
  ['a count too early', { told: [[told(3)]] }, /was told 3, which is not durable/],
]

function told(sequence: number) {
  return { trigger: 't', epoch, sequence }
}

for (const [what, record, fault] of bad) {
  test(`${what} is found in a storm`, () => {
    const faults = judgeStorm({ ...fine, ...record })
    assert.ok(
      faults.some((one) => fault.test(one)),
      faults.join('\n'),
    )
  })
}

test('a plan sends every raise, a fifth twice and a tenth out of order', () => {
  const sends = planSends({ raises: 5000, triggers: ['t0', 't1'], random: seededRandom(1) })
  const firsts = [...new Set(sends.map(({ key }) => key))]
  assert.equal(firsts.length, 5000)
  const doubled = sends.length - firsts.length
  assert.ok(doubled > 900 && doubled < 1100, `${doubled} are sent twice`)
  const atOnce = sends.filter(({ key }, index) => sends[index + 1]?.key === key).length
  assert.ok(atOnce > 400, `${atOnce} are sent twice at once`)
  const numbers = firsts.map((key) => Number(key.slice(1)))
  const late = numbers.filter((number, index) => number < Math.max(...numbers.slice(0, index)))
  assert.ok(late.length > 250, `${late.length} come late`)
})
