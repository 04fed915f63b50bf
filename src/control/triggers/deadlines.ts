import type { Clock } from '../../system/index.ts'

export interface Deadlines {
  /** Calls `expire` at a time of the monotonic clock, or up to 50 ms later; answers how to call that off. */
  add(at: number, expire: () => void): () => void
  close(): void
}

const grain = 50
/** Timers of more than 2^31 milliseconds would end at once. */
const longestSleep = 60 * 60_000

/** Time-outs of thousands with one timer: those that end at about the same time share it. */
export function openDeadlines(clock: Clock): Deadlines {
  const buckets = new Map<number, Set<() => void>>()
  let sleeping: { readonly until: number; readonly stop: AbortController } | undefined

  function arm(): void {
    if (buckets.size === 0) return stop()
    const first = Math.min(...buckets.keys())
    if (sleeping !== undefined && sleeping.until <= first) return
    stop()
    const controller = new AbortController()
    sleeping = { until: first, stop: controller }
    const pause = Math.min(longestSleep, Math.max(0, first * grain - clock.monotonic()))
    void clock.sleep(pause, controller.signal).then(expireDue, () => undefined)
  }
  function stop(): void {
    sleeping?.stop.abort()
    sleeping = undefined
  }
  function expireDue(): void {
    sleeping = undefined
    const present = clock.monotonic() / grain
    for (const [bucket, expiring] of buckets) {
      if (bucket > present) continue
      buckets.delete(bucket)
      for (const expire of expiring) expire()
    }
    arm()
  }
  return {
    add: (at, expire) => {
      const bucket = Math.ceil(at / grain)
      const expiring = buckets.get(bucket) ?? new Set()
      buckets.set(bucket, expiring.add(expire))
      // Looking for the first of all is for when it may have changed.
      if (sleeping === undefined || bucket < sleeping.until) arm()
      return () => {
        expiring.delete(expire)
        if (expiring.size > 0 || buckets.get(bucket) !== expiring) return
        buckets.delete(bucket)
        if (buckets.size === 0) stop()
      }
    },
    close: () => {
      buckets.clear()
      stop()
    },
  }
}
