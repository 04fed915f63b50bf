import { withSettledApp } from '../deploy/lock-app.ts'
import type { Host } from '../host.ts'
import { pruneApp, pruneStaging, type PruneResult } from '../prune.ts'
import { listApps, readAppState } from '../state/locked-app.ts'
import { chooseApps } from './choose-app.ts'

/** Removes what retention no longer keeps, of one app or of all; with `dryRun` only tells. */
export async function pruneHost(
  host: Host,
  wish: { readonly app?: string; readonly dryRun: boolean },
): Promise<PruneResult> {
  const results: PruneResult[] = []
  for (const app of chooseApps(host, wish.app)) {
    results.push(
      await withSettledApp(host, app, `prune ${app}`, (store) => pruneApp(host, store, wish)),
    )
  }
  const readUnfinished = (): ReadonlySet<string> =>
    new Set(listApps(host.layout).map((app) => readAppState(host.layout, app).unfinished ?? ''))
  return {
    removed: [
      ...results.flatMap(({ removed }) => removed),
      ...pruneStaging(host, readUnfinished, wish.dryRun),
    ],
    kept: results.flatMap(({ kept }) => kept),
  }
}
