import type { Clock } from '../../src/system/index.ts'

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves on, ends the sleeps that are due, and lets everything go on that waited for them. */
  advance(milliseconds: number): Promise<void>
  /** How many sleep. */
  sleepers(): number
}

export function manualClock(start = 1_795_190_000_000): ManualClock {
  let passed = 0
  const sleeping = new Set<{ readonly until: number; readonly wake: () => void }>()
  return {
    now: () => start + passed,
    monotonic: () => passed,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const sleeper = { until: passed + milliseconds, wake: resolve }
        sleeping.add(sleeper)
        signal?.addEventListener('abort', () => {
          if (sleeping.delete(sleeper)) reject(signal.reason)
        })
      }),
    advance: async (milliseconds) => {
      passed += milliseconds
      for (const sleeper of sleeping) {
        if (sleeper.until > passed) continue
        sleeping.delete(sleeper)
        sleeper.wake()
      }
      await new Promise(setImmediate)
    },
    sleepers: () => sleeping.size,
  }
}
