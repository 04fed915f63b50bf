import assert from 'node:assert/strict'
import test from 'node:test'

import { countCrashes, defaultRestartPolicy, restartDelay } from './restart-delay.ts'

test('the wait doubles from one second to thirty', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 5000].map((crashes) =>
    restartDelay(defaultRestartPolicy, crashes),
  )
  assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
})

test('a crash after ten seconds of running counts as the first again', () => {
  assert.equal(countCrashes(defaultRestartPolicy, 5, 9999), 6)
  assert.equal(countCrashes(defaultRestartPolicy, 5, 10_000), 1)
})
