import assert from 'node:assert/strict'
import test from 'node:test'

import { processorTime } from '../../bench/processor-time.ts'

/** The kernel counts in hundredths of a second. */
const tick = 0.02

test('the processor time of a process without children is its own, counted once', () => {
  while (ownSeconds() < 1);
  const before = ownSeconds()
  const counted = processorTime(process.pid)
  const after = ownSeconds()
  const text = `${counted} s, at most ${after} s`
  assert.ok(counted >= before - tick && counted <= after + tick, text)
})

function ownSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
