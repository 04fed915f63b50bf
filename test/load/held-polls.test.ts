import assert from 'node:assert/strict'
import test from 'node:test'

import { measurePolls } from '../../bench/polls/measure-polls.ts'
import { byTier } from '../support/tools.ts'

const polls = byTier({ fast: 100, ci: 300, full: 10_000 })
const idleMilliseconds = byTier({ fast: 200, ci: 1000, full: 30_000 })

test(`${polls} polls over TLS are held, woken by one raise, and come back after kill -9`, async (t) => {
  const figures = await measurePolls(t, { polls, idleMilliseconds, tell: () => undefined })
  assert.equal(figures.wakes.length, polls)
  assert.deepEqual(figures.refused, [])
  const { before, held } = figures.memory
  // What a held poll costs is measured by the bench; many times that would be a leak.
  assert.ok(held - before < 64 + polls * 0.1, `from ${before} to ${held} MiB`)
  t.diagnostic(
    `${held.toFixed(0)} MiB, idle ${(figures.idleShare * 100).toFixed(1)} %, last woken after ` +
      `${Math.max(...figures.wakes).toFixed(0)} ms, back after ${figures.returnSeconds.toFixed(1)} s`,
  )
})
