import type { Clock } from '../../system/index.ts'

/** Knows when everything that a desired state asks for was begun, or waits for others. */
export interface Settling {
  /** Answers the function that says that this part has come so far; calling it again does nothing. */
  begin(): () => void
}

/** Milliseconds after which what still works is taken for harmless: what kills us does so at once. */
const longEnough = 30_000

export function createSettling(clock: Clock, settled: () => void): Settling {
  let busy = 0
  return {
    begin: () => {
      busy++
      const over = new AbortController()
      const finish = (): void => {
        if (over.signal.aborted) return
        over.abort()
        if (--busy === 0) settled()
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
