import assert from 'node:assert/strict'
import test from 'node:test'

import { manualClock } from '../../../test/support/manual-clock.ts'
import type { Storage } from '../storage/storage.ts'
import { keepEventsFor, keepPruned } from './prune.ts'

test('old events are forgotten every hour until none is left or the portion is used up', async () => {
  const clock = manualClock()
  const asked: number[] = []
  let left = 3
  const prune = async (before: number, limit: number): Promise<number> => {
    assert.ok(limit <= 1000)
    asked.push(clock.now() - before)
    if (left < 0) throw new Error('the database is gone')
    return left-- > 0 ? limit : 0
  }
  const storage = { triggers: { prune } } as unknown as Storage
  const stop = new AbortController()
  const running = keepPruned(storage, clock, stop.signal)
  await clock.advance(60_000)
  assert.deepEqual(
    asked,
    Array.from({ length: 4 }, () => keepEventsFor),
  )
  assert.ok(keepEventsFor >= 30 * 24 * 60 * 60_000)
  left = -1
  await clock.advance(60 * 60_000)
  assert.equal(asked.length, 5)
  left = Infinity
  await clock.advance(60 * 60_000)
  assert.equal(asked.length, 205)
  stop.abort()
  await running
})
