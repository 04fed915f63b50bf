import type { Clock } from '../../system/index.ts'
import type { ReleaseSettings } from '../settings/server-settings.ts'
import type { PublishedRelease } from '../storage/release-records.ts'
import type { Storage } from '../storage/storage.ts'
import { pause } from '../triggers/prune.ts'
import type { ReleaseFiles } from './release-files.ts'
import { selectExpired } from './select-expired.ts'

export interface PruningServices {
  readonly storage: Pick<Storage, 'releases'>
  readonly archives: ReleaseFiles
  readonly clock: Clock
  readonly settings: Pick<ReleaseSettings, 'keep' | 'pinned'>
}

const [minute, hour] = [60_000, 60 * 60_000] as const
/** Milliseconds after which an upload that did not end has failed: longer than one may take. */
const leftoverAge = 3 * hour

/** Removes releases that nobody needs, and what killed servers left, every hour until `signal` is aborted. */
export async function keepReleasesPruned(
  services: PruningServices,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = services
  let isDue = await pause(clock, minute, signal)
  while (isDue) {
    try {
      await pruneReleases(services)
    } catch {
      // Nothing depends on it; the next hour tries again, and requests report what is wrong with disk or database.
    }
    isDue = await pause(clock, hour, signal)
  }
}

/** Answers what was removed. */
export async function pruneReleases(services: PruningServices): Promise<PublishedRelease[]> {
  const { storage, archives, clock, settings } = services
  const now = clock.now()
  const inUse = await storage.releases.inUse()
  const pinned = new Set(settings.pinned)
  const expired = selectExpired(await readAll(storage), { keep: settings.keep, inUse, pinned, now })
  const removed: PublishedRelease[] = []
  for (const release of expired) {
    // Somebody may have asked for it since we looked.
    if (!(await storage.releases.remove(release.digest))) continue
    archives.remove(release.digest)
    removed.push(release)
  }
  await archives.sweep(
    now - leftoverAge,
    async (digest) => (await storage.releases.get(digest)) !== undefined,
  )
  return removed
}

const pageSize = 500

async function readAll(storage: PruningServices['storage']): Promise<PublishedRelease[]> {
  const all: PublishedRelease[] = []
  for (;;) {
    const before = all.at(-1)
    const page = await storage.releases.list({ before, limit: pageSize })
    all.push(...page)
    if (page.length < pageSize) return all
  }
}
