import assert from 'node:assert/strict'
import test from 'node:test'

import { AppError } from '../../../errors/index.ts'
import type { Clock } from '../../../system/index.ts'
import { createLog } from '../log.ts'
import { createClientMetrics } from './client-metrics.ts'
import type { TriggerCount } from './next-move.ts'
import type { PollAnswer } from './poll.ts'
import { watchTrigger } from './watch-trigger.ts'

interface Story {
  /** For each poll: whether it was held, and the pause before it in milliseconds. */
  readonly polls: { held: boolean; pause: number }[]
  readonly runs: number[]
}

type Server = (held: TriggerCount | undefined, number: number) => PollAnswer | undefined

/** Lets a client watch a server for so many polls, in no time. A server that answers undefined fails. */
async function watch(polls: number, server: Server, holdTime = 0): Promise<Story> {
  const stop = new AbortController()
  const story: Story = { polls: [], runs: [] }
  let now = 0
  let paused = 0
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds
      paused += milliseconds
    },
  }
  await watchTrigger({
    poll: async (held) => {
      story.polls.push({ held: held !== undefined, pause: paused })
      paused = 0
      if (story.polls.length >= polls) stop.abort(new AppError('aborted', 'enough'))
      if (held !== undefined) now += holdTime
      const answer = server(held, story.polls.length)
      if (answer === undefined) throw new AppError('download-failed', 'no answer')
      return answer
    },
    handled: { read: () => undefined, wasInterrupted: false, write: () => undefined },
    runScript: async () => void story.runs.push(story.polls.length),
    interval: 5000,
    clock,
    random: () => 0.5,
    metrics: createClientMetrics(),
    log: createLog({ clock, write: () => undefined, caller: 'test', secret: '' }),
    trigger: 'a',
    signal: stop.signal,
  })
  return story
}

const count = (value: number, offersHold = true): PollAnswer => ({
  count: value,
  epoch: 'e',
  offersHold,
})

function times<Value>(length: number, value: Value): Value[] {
  return Array.from({ length }, () => value)
}

test('where no hold is offered the pause is the interval', async () => {
  const { polls } = await watch(4, () => count(1, false))
  assert.deepEqual(polls.slice(1), times(3, { held: false, pause: 5000 }))
})

test('where a hold is offered one poll follows the other, and each is held', async () => {
  const { polls } = await watch(4, () => count(1), 25_000)
  assert.deepEqual(polls, [{ held: false, pause: 0 }, ...times(3, { held: true, pause: 0 })])
})

test('a held poll that comes back at once with nothing is not asked in a circle', async () => {
  const { polls } = await watch(4, () => count(1), 10)
  assert.deepEqual(polls.slice(2), times(2, { held: true, pause: 5000 }))
})

test('after a held poll that failed the next is plain, and after three no more are held', async () => {
  const { polls } = await watch(20, (held) => (held === undefined ? count(1) : undefined))
  assert.equal(polls.filter(({ held }) => held).length, 3)
  assert.equal(polls[2]?.held, false)
  assert.deepEqual(polls.at(-1), { held: false, pause: 5000 })
})

test('pauses after failures grow to thirty seconds, a quarter less by chance', async () => {
  const { polls } = await watch(7, () => undefined)
  const pauses = polls.slice(1).map(({ pause }) => pause)
  assert.deepEqual(pauses, [3750, 7500, 15_000, 22_500, 22_500, 22_500])
})

test('rises that follow each other within the half second are one run', async () => {
  const counts = [1, 2, 4, 5, 5, 5]
  const server: Server = (_, number) => count(counts[number - 1] ?? 5)
  const { runs } = await watch(7, server, 25_000)
  assert.equal(runs.length, 1)
  assert.equal(runs[0], 5)
})

test('a count that never rests starts the script after three seconds all the same', async () => {
  const { runs } = await watch(12, (_, number) => count(number), 25_000)
  assert.equal(runs[0], 8)
})
