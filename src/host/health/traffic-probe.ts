import type { Clock } from '../../system/index.ts'
import { percentile } from './percentile.ts'

export type TrafficPhase = 'before' | 'during' | 'after'

/** One request's fate. A refused or broken connection is `ok: false`, and so is a status the caller calls bad. */
export interface TrafficSample {
  readonly ok: boolean
  readonly milliseconds: number
}

export interface PhaseStatement {
  readonly sent: number
  readonly failed: number
  /** Milliseconds that 99 % of the answers did not exceed; undefined when nothing was sent. */
  readonly p99: number | undefined
}

/** The zero-downtime statement of a deployment: what a visitor met before, during and after the switch. */
export type TrafficStatement = Readonly<Record<TrafficPhase, PhaseStatement>>

export interface TrafficProbe {
  /** Requests sent from now on belong to this phase. */
  mark(phase: TrafficPhase): void
  /** Stops sending, waits for the answers that are due, and tells the counts. */
  finish(): Promise<TrafficStatement>
}

export interface TrafficProbeOptions {
  /** Sends one request through the endpoint, without retries; a rejection counts as failed. */
  readonly request: () => Promise<TrafficSample>
  /** Milliseconds between two requests; a slow answer does not hold the next one back. */
  readonly interval: number
  readonly clock: Clock
  /** Requests under way at most, so that a hanging endpoint does not use up our descriptors; 64 unless given. */
  readonly mostAtOnce?: number
}

/** Starts sending at once, in phase `before`. */
export function startTrafficProbe(options: TrafficProbeOptions): TrafficProbe {
  const { request, interval, clock, mostAtOnce = 64 } = options
  const samples: Record<TrafficPhase, TrafficSample[]> = { before: [], during: [], after: [] }
  const underWay = new Set<Promise<unknown>>()
  const stopped = new AbortController()
  let phase: TrafficPhase = 'before'

  function send(): void {
    const collected = samples[phase]
    const sentAt = clock.monotonic()
    const answer: Promise<unknown> = Promise.resolve()
      .then(request)
      .catch(() => ({ ok: false, milliseconds: clock.monotonic() - sentAt }))
      .then((sample) => collected.push(sample))
      .finally(() => underWay.delete(answer))
    underWay.add(answer)
  }

  async function keepSending(): Promise<void> {
    while (!stopped.signal.aborted) {
      if (underWay.size < mostAtOnce) send()
      await clock.sleep(interval, stopped.signal).catch(() => undefined)
    }
  }

  const sending = keepSending()
  return {
    mark: (next) => {
      phase = next
    },
    finish: async () => {
      stopped.abort()
      await sending
      await Promise.all(underWay)
      return {
        before: summarize(samples.before),
        during: summarize(samples.during),
        after: summarize(samples.after),
      }
    },
  }
}

export function summarize(samples: readonly TrafficSample[]): PhaseStatement {
  return {
    sent: samples.length,
    failed: samples.filter(({ ok }) => !ok).length,
    p99: percentile(
      samples.map(({ milliseconds }) => milliseconds),
      0.99,
    ),
  }
}
