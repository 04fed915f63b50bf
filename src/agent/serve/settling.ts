import type { Clock } from '../../system/index.ts'

/** Knows when everything that a desired state asks for was begun, or waits for others. */
export interface Settling {
  /** Answers the function that says that this part has come so far; calling it again does nothing. */
  begin(): () => void
}

/** Milliseconds after which what still works is taken for harmless: what kills us does so at once. */
const longEnough = 30_000

/** Milliseconds without any work after which it counts. */
const calm = 250

export function createSettling(clock: Clock, settled: () => void): Settling {
  let busy = 0
  // Not at once: the write would stand in the way of what has just begun.
  const settleSoon = async (): Promise<void> => {
    await clock.sleep(calm)
    if (busy === 0) settled()
  }
  return {
    begin: () => {
      busy++
      const over = new AbortController()
      const finish = (): void => {
        if (over.signal.aborted) return
        over.abort()
        if (--busy === 0) void settleSoon()
      }
      void finishLate(clock, over.signal, finish)
      return finish
    },
  }
}

async function finishLate(clock: Clock, over: AbortSignal, finish: () => void): Promise<void> {
  await clock.sleep(longEnough, over).catch(() => undefined)
  finish()
}
