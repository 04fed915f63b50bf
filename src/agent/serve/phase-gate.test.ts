import assert from 'node:assert/strict'
import test from 'node:test'

import { waitUntil } from '../../../test/support/wait-until.ts'
import type { DeploymentPhase } from '../../protocol/index.ts'
import { systemClock } from '../../system/index.ts'
import { createBell } from './bell.ts'
import { openPhaseGate } from './phase-gate.ts'
import type { PresentDesire } from './serve-context.ts'

const gated = { epoch: 'e1', deployment: 'd2', generation: 2 }
const { signal } = new AbortController()

function openGate(phase: DeploymentPhase | undefined) {
  const bell = createBell()
  let present = phase === undefined ? undefined : want(phase)
  let waits = 0
  const gate = openPhaseGate({
    current: () => present,
    changed: (stop) => bell.heard(stop),
    clock: systemClock,
    waiting: () => waits++,
  })
  const say = (next: PresentDesire | undefined): void => {
    present = next
    bell.ring()
  }
  return { gate, say, waits: () => waits }
}

function want(phase: DeploymentPhase, more: Partial<typeof gated> = {}): PresentDesire {
  const release = { name: 'shop', version: '2', digest: 'ab'.repeat(32), size: 1, file: 'x.tar.gz' }
  const desire = { app: 'shop', generation: 2, deployment: 'd2', by: 'ada', release, phase }
  return { desire, gated: { ...gated, ...more } }
}

test('both gates are open once the commit stands, and the first one from the switch on', async () => {
  const committed = openGate('commit')
  await committed.gate.untilMayGo(gated, signal)
  await committed.gate.untilMayCommit(gated, { wait: 0, signal })
  await openGate('switch').gate.untilMayGo(gated, signal)
})

test('who waits hears of the word, and of nothing else', async () => {
  const { gate, say, waits } = openGate('prepare')
  let isOpen = false
  const passed = gate.untilMayGo(gated, signal).then(() => (isOpen = true))
  await waitUntil(() => waits() === 1)
  say(want('prepare'))
  await Promise.resolve()
  assert.equal(isOpen, false)
  say(want('switch'))
  await passed
  const confirmed = gate.untilMayCommit(gated, { wait: 30_000, signal })
  say(want('commit'))
  await confirmed
})

test('what is taken back, forgotten or replaced does not pass', async () => {
  for (const next of [
    want('back'),
    undefined,
    want('commit', { generation: 3 }),
    want('commit', { deployment: 'd3' }),
    want('commit', { epoch: 'e2' }),
  ]) {
    const { gate, say } = openGate('prepare')
    const go = gate.untilMayGo(gated, signal)
    say(next)
    await assert.rejects(go, { code: 'taken-back' })
    const confirm = gate.untilMayCommit(gated, { wait: 30_000, signal })
    await assert.rejects(confirm, { code: 'taken-back' })
  }
})

test('a switch that nobody confirms in time is not kept', async () => {
  const { gate } = openGate('switch')
  const confirm = gate.untilMayCommit(gated, { wait: 20, signal })
  await assert.rejects(confirm, { code: 'unconfirmed', message: /within 20 ms/ })
})

test('whoever is told to end does not wait on', async () => {
  const stop = new AbortController()
  const { gate } = openGate('prepare')
  const go = gate.untilMayGo(gated, stop.signal)
  stop.abort(new Error('end'))
  await assert.rejects(go, /end/)
})
