import assert from 'node:assert/strict'
import test from 'node:test'

import { manualClock } from '../../../test/support/manual-clock.ts'
import { openDeadlines } from './deadlines.ts'
import { openKnownSequences } from './known-sequences.ts'
import { openWaiters } from './waiters.ts'

test('thousands of waits share one timer and end at their own time, at most 50 ms late', async () => {
  const clock = manualClock()
  const waiters = openWaiters(clock)
  const ended: number[] = []
  for (let index = 0; index < 5000; index++) {
    const timeout = 1000 + index
    void waiters.wait('a', 0, { timeout }).then(() => ended.push(clock.monotonic() - timeout))
  }
  assert.equal(clock.sleepers(), 1)
  for (let step = 0; step < 700; step++) await clock.advance(10)
  assert.equal(ended.length, 5000)
  assert.ok(
    ended.every((late) => late >= 0 && late <= 60),
    `${Math.max(...ended)}`,
  )
  assert.deepEqual([clock.sleepers(), waiters.names()], [0, []])
})

test('only those whose number is passed are woken', async () => {
  const waiters = openWaiters(manualClock())
  const [low, high, other] = [
    waiters.wait('a', 4, { timeout: 1000 }),
    waiters.wait('a', 5, { timeout: 1000 }),
    waiters.wait('b', 0, { timeout: 1000 }),
  ]
  waiters.tell('a', 5)
  assert.equal(await low, 5)
  assert.deepEqual(waiters.names(), ['a', 'b'])
  waiters.tell('a', 6)
  assert.equal(await high, 6)
  assert.equal(waiters.has('a'), false)
  waiters.close()
  assert.equal(await other, undefined)
  assert.equal(await waiters.wait('a', 0, { timeout: 1000 }), undefined)
})

test('who was woken or went away leaves nothing behind', async () => {
  const clock = manualClock()
  const waiters = openWaiters(clock)
  const stop = new AbortController()
  const waiting = [
    waiters.wait('a', 0, { timeout: 1000 }),
    waiters.wait('b', 0, { timeout: 9000, signal: stop.signal }),
  ]
  stop.abort()
  waiters.tell('a', 1)
  await Promise.all(waiting)
  await clock.advance(0)
  assert.deepEqual([waiters.names(), clock.sleepers()], [[], 0])
})

test('an earlier deadline that comes later is in time, and one called off never comes', async () => {
  const clock = manualClock()
  const deadlines = openDeadlines(clock)
  const came: string[] = []
  deadlines.add(10_000, () => came.push('late'))
  deadlines.add(100, () => came.push('early'))
  deadlines.add(100, () => came.push('never'))()
  deadlines.add(3_000_000_000, () => came.push('in a month'))
  await clock.advance(100)
  assert.deepEqual(came, ['early'])
  await clock.advance(9900)
  assert.deepEqual(came, ['early', 'late'])
  for (let hours = 0; hours < 840; hours++) await clock.advance(60 * 60_000)
  assert.deepEqual(came, ['early', 'late', 'in a month'])
})

test('sequences that were used longest ago are forgotten, and none falls', () => {
  const known = openKnownSequences(2)
  known.note('a', 5)
  known.note('a', 3)
  known.note('b', 1)
  assert.equal(known.get('a'), 5)
  known.note('c', 1)
  assert.deepEqual([known.get('a'), known.get('b'), known.get('c')], [5, undefined, 1])
})
