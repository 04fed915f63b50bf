import type { Clock } from '../../system/index.ts'
import type { Storage } from '../storage/storage.ts'
import { pause } from '../triggers/prune.ts'

export interface FleetPruning {
  readonly storage: Pick<Storage, 'deployments' | 'scriptRuns'>
  readonly clock: Clock
  /** Milliseconds that what has ended is kept. */
  readonly retention: { readonly deployments: number; readonly events: number }
}

const [minute, hour] = [60_000, 60 * 60_000] as const
/** Rows of one transaction, and transactions of one round: others write in between. */
const [rows, transactions] = [1000, 200] as const

/** Forgets what is old every hour until `signal` is aborted. */
export async function keepFleetPruned(pruning: FleetPruning, signal: AbortSignal): Promise<void> {
  let isDue = await pause(pruning.clock, minute, signal)
  while (isDue) {
    // Nothing depends on it; the next hour tries again, and requests report what is wrong with the database.
    await pruneFleet(pruning, signal).catch(() => undefined)
    isDue = await pause(pruning.clock, hour, signal)
  }
}

export async function pruneFleet(
  { storage, clock, retention }: FleetPruning,
  signal: AbortSignal,
): Promise<void> {
  const now = clock.now()
  const events = now - retention.events
  const before = { events, deployments: now - retention.deployments }
  for (let round = 0; round < transactions && !signal.aborted; round++) {
    const deployments = await storage.deployments.prune(before, rows)
    if (deployments + (await storage.scriptRuns.prune(events, rows)) === 0) return
  }
}
