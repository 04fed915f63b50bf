import assert from 'node:assert/strict'
import test from 'node:test'

import * as fc from 'fast-check'

import { assignSequences, type EarlierRaise } from './assign-sequences.ts'
import type { NewRaise } from './trigger-records.ts'

function raise(trigger: string, part: Partial<NewRaise> = {}): NewRaise {
  const base = { key: undefined, digest: undefined, at: 1, by: 'me', source: 'test', create: true }
  return { trigger, id: `id-${Math.random()}`, ...base, ...part }
}

function earlier(part: Partial<EarlierRaise>): EarlierRaise {
  return { trigger: 'a', sequence: 3, id: 'old', key: null, digest: null, ...part }
}

const counters = new Map([['a', 7]])

const cases: readonly [string, readonly NewRaise[], readonly EarlierRaise[], readonly unknown[]][] =
  [
    ['the next', [raise('a'), raise('a')], [], [8, 9]],
    ['no trigger of this name', [raise('b'), raise('a')], [], ['unknown-trigger', 8]],
    ['a key that was used', [raise('a', { key: 'k' })], [earlier({ key: 'k' })], ['repeated 3']],
    [
      'a key used for another trigger',
      [raise('a', { key: 'k' })],
      [earlier({ trigger: 'c', key: 'k' })],
      [8],
    ],
    [
      'a key used for another request',
      [raise('a', { key: 'k', digest: 'x' })],
      [earlier({ key: 'k' })],
      ['key-reused 3'],
    ],
    ['one key twice', [raise('a', { key: 'k' }), raise('a', { key: 'k' })], [], [8, 'repeated 8']],
    [
      'what an earlier try committed',
      [raise('a', { id: 'old' }), raise('a')],
      [earlier({})],
      [3, 8],
    ],
    ['both by key and by id', [raise('a', { id: 'old', key: 'k' })], [earlier({ key: 'k' })], [3]],
  ]

for (const [name, raises, before, expected] of cases) {
  test(`sequences are assigned: ${name}`, () => {
    const { results } = assignSequences(raises, counters, before)
    const shown = results.map((result) =>
      result.kind === 'raised'
        ? result.sequence
        : [result.kind, ...('sequence' in result ? [result.sequence] : [])].join(' '),
    )
    assert.deepEqual(shown, expected)
  })
}

test('assigning again after it was recorded gives the same answers and records nothing', () => {
  const anyRaise = fc.record({
    trigger: fc.constantFrom('a', 'b'),
    key: fc.option(fc.constantFrom('k', 'l'), { nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(anyRaise, { maxLength: 20 }), (drawn) => {
      const raises = drawn.map(({ trigger, key }, index) => raise(trigger, { key, id: `${index}` }))
      const present = new Map([
        ['a', 0],
        ['b', 5],
      ])
      const first = assignSequences(raises, present, [])
      const recorded = first.recorded.map(
        ({ raise: { trigger, id, key = null, digest = null }, sequence }) => ({
          trigger,
          id,
          key,
          digest,
          sequence,
        }),
      )
      const again = assignSequences(raises, new Map([...present, ...first.counters]), recorded)
      assert.deepEqual(again.results, first.results)
      assert.deepEqual([again.recorded, again.counters.size], [[], 0])
      for (const [trigger, last] of first.counters)
        assert.equal(
          last - (present.get(trigger) ?? 0),
          recorded.filter((one) => one.trigger === trigger).length,
        )
    }),
  )
})
