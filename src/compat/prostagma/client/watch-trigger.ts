import { toAppError } from '../../../errors/index.ts'
import type { Clock } from '../../../system/index.ts'
import type { Log } from '../log.ts'
import type { ClientMetrics } from './client-metrics.ts'
import type { HandledCount } from './handled-count.ts'
import { nextMove, type TriggerCount } from './next-move.ts'
import type { Poll, PollAnswer } from './poll.ts'

export interface Watch {
  readonly poll: Poll
  readonly handled: HandledCount
  /** Runs the script to its end; never throws. */
  readonly runScript: () => Promise<void>
  /** Milliseconds between two polls. */
  readonly interval: number
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
  readonly metrics: ClientMetrics
  readonly log: Log
  readonly trigger: string
  /** Asks the client to end. */
  readonly signal: AbortSignal
}

/** Milliseconds without another rise after which a rise counts as the last of several at once. */
const settling = 500
/** Milliseconds after which the script starts though the count still rises. */
const longestSettling = 3000
/** Milliseconds; after failures the pause doubles up to it. */
const longestPause = 30_000
/** Held polls in a row that may fail before no more are tried: something in between does not like them. */
const mostBrokenHolds = 3

/** Polls a trigger until the client is to end, and runs the script once for every rise that it sees. */
export async function watchTrigger(watch: Watch): Promise<void> {
  const { handled, clock, signal, interval } = watch
  const holds = trackHolds()
  let seen = handled.read()
  for (let failures = 0; !signal.aborted;) {
    const held = holds.may() ? seen : undefined
    const begin = clock.monotonic()
    const answer = await tryPoll(watch, held)
    holds.note(held, answer)
    failures = answer === undefined ? failures + 1 : 0
    if (answer === undefined) {
      await pause(watch, backOff(watch, failures))
      continue
    }
    const move = nextMove(seen, answer)
    seen = move.runs ? await settle(watch, answer) : answer
    watch.metrics.sawCount(seen.count)
    handled.write(seen, move.runs)
    if (move.runs) await run(watch, seen)
    // A held poll was the pause, unless it came back at once with nothing.
    const wasShort = clock.monotonic() - begin < interval
    if (!holds.may() || (!move.runs && held !== undefined && wasShort)) await pause(watch, interval)
  }
}

async function tryPoll(
  { poll, metrics, signal }: Watch,
  held: TriggerCount | undefined,
): Promise<PollAnswer | undefined> {
  try {
    const answer = await poll(held, signal)
    metrics.polls.add({ result: 'ok' })
    return answer
  } catch {
    // As the reference does, quietly: a server may be away for long. The metrics tell.
    if (!signal.aborted) metrics.polls.add({ result: 'failed' })
    return undefined
  }
}

/** Waits until the count rises no more, so that several rises at once are one run. */
async function settle(watch: Watch, first: PollAnswer): Promise<PollAnswer> {
  const deadline = watch.clock.monotonic() + longestSettling
  let latest = first
  while (latest.offersHold && watch.clock.monotonic() < deadline) {
    await pause(watch, settling)
    const answer = await tryPoll(watch, undefined)
    if (answer === undefined || !nextMove(latest, answer).runs) break
    latest = answer
  }
  return latest
}

async function run(watch: Watch, seen: TriggerCount): Promise<void> {
  if (watch.signal.aborted) return
  watch.log.info('Triggered', { trigger: watch.trigger, count: seen.count })
  await watch.runScript()
  // A script that was asked to stop has not done its work; the next start of the client tells so.
  if (!watch.signal.aborted) watch.handled.write(seen, false)
}

/** Between half of and the whole doubled interval. */
function backOff({ interval, random }: Watch, failures: number): number {
  const ceiling = Math.max(interval, Math.min(longestPause, interval * 2 ** (failures - 1)))
  return ceiling * (0.5 + random() / 2)
}

async function pause({ clock, signal }: Watch, milliseconds: number): Promise<void> {
  await clock.sleep(milliseconds, signal).catch((error: unknown) => {
    if (!signal.aborted) throw toAppError(error)
  })
}

/** Whether the next poll may be held: the server offers it, and it has worked. */
function trackHolds(): {
  may(): boolean
  note(held: TriggerCount | undefined, answer: PollAnswer | undefined): void
} {
  let isOffered = false
  let broken = 0
  return {
    may: () => isOffered && broken < mostBrokenHolds,
    note: (held, answer) => {
      isOffered = answer?.offersHold ?? false
      if (held !== undefined) broken = answer === undefined ? broken + 1 : 0
    },
  }
}
