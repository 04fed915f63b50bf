import type { Clock } from '../../system/index.ts'
import type { Storage } from '../storage/storage.ts'

/** Idempotency keys are kept so long, and with them the events that nobody has taken up. */
export const keepEventsFor = 30 * 24 * 60 * 60_000

const [minute, hour] = [60_000, 60 * 60_000] as const
/** Rows of one transaction, and transactions of one round: others write in between. */
const [rows, transactions] = [1000, 200] as const

/** Forgets old events every hour until `signal` is aborted. */
export async function keepPruned(
  storage: Storage,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let isDue = await pause(clock, minute, signal)
  while (isDue) {
    await pruneOld(storage, clock.now() - keepEventsFor, signal)
    isDue = await pause(clock, hour, signal)
  }
}

async function pruneOld(storage: Storage, before: number, signal: AbortSignal): Promise<void> {
  try {
    for (let round = 0; round < transactions && !signal.aborted; round++)
      if ((await storage.triggers.prune(before, rows)) === 0) return
  } catch {
    // Nothing depends on it; the next hour tries again, and raises report what is wrong with the database.
  }
}

/** Waits; false when it was aborted. */
export async function pause(
  clock: Clock,
  milliseconds: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await clock.sleep(milliseconds, signal)
    return !signal.aborted
  } catch (thrown) {
    if (signal.aborted) return false
    throw thrown
  }
}
