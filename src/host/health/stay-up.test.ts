import assert from 'node:assert/strict'
import test from 'node:test'

import { AppError } from '../../errors/index.ts'
import { systemClock } from '../../system/index.ts'
import type { ServiceState } from '../drivers/process-driver.ts'
import { staysUp } from './stay-up.ts'

/** What is seen one look after another; the last stays. */
async function watch(
  states: readonly [ServiceState, ...ServiceState[]],
  signal = new AbortController().signal,
): Promise<{ looks: number; wasWatched: boolean }> {
  let looks = 0
  let seen: ServiceState = states[0]
  const observe = async (): Promise<ServiceState> => (seen = states[looks++] ?? seen)
  const context = { clock: systemClock, signal, label: 'shop-1', lastOutput: () => 'no config' }
  const wasWatched = await staysUp(250, { ...context, observe })
  return { looks, wasWatched }
}

const running: ServiceState = { state: 'running', pid: 1, restarts: 2 }

test('a process that stays up is looked at until the time is over, and at its end', async () => {
  const { looks, wasWatched } = await watch([running])
  assert.ok(wasWatched)
  assert.ok(looks >= 3, `${looks} looks`)
})

const ends: { now: ServiceState; words: RegExp }[] = [
  {
    now: { state: 'failing', restarts: 3, lastEnd: 'exited with 3' },
    words: /: it exited with 3$/,
  },
  { now: { ...running, restarts: 3 }, words: /: it was started again meanwhile$/ },
  { now: { state: 'stopped' }, words: /start$/ },
]

for (const { now, words } of ends) {
  test(`a process that ended (now ${now.state}) fails with how, its last output and its label`, async () => {
    await assert.rejects(watch([running, running, now]), (error: AppError) => {
      assert.equal(error.code, 'start-failed')
      assert.match(error.message, /^the process ended within 250 ms of its start/)
      assert.match(error.message, words)
      assert.equal(error.output, 'no config')
      assert.match(error.hint ?? '', /`sluice logs shop-1`/)
      return true
    })
  })
}

test('how a process ended is told as soon as its driver knows', async () => {
  const now: ServiceState = { state: 'failing', restarts: 2, lastEnd: 'ended just now' }
  const known: ServiceState = { state: 'failing', restarts: 3, lastEnd: 'exited with 3' }
  await assert.rejects(watch([running, now, known]), { message: /: it exited with 3$/ })
})

test('what its driver cannot see is not waited for', async () => {
  assert.deepEqual(await watch([{ state: 'unknown' }]), { looks: 1, wasWatched: false })
})

test('the watch stops with the person', async () => {
  const controller = new AbortController()
  controller.abort(new AppError('aborted', 'stop'))
  await assert.rejects(watch([running], controller.signal), { code: 'aborted' })
})
