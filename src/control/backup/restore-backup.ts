import { rmSync } from 'node:fs'
import { dirname } from 'node:path'

import { AppError } from '../../errors/index.ts'
import {
  acquireLock,
  keepSecondName,
  makeDirectory,
  pathExists,
  publishFile,
  randomText,
  type Clock,
} from '../../system/index.ts'
import { openReleaseFiles } from '../releases/release-files.ts'
import { storageLocation } from '../server/server-files.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { PublishedRelease } from '../storage/release-records.ts'
import type { Storage } from '../storage/storage.ts'
import { readBackup, type BackupHead } from './backup-file.ts'
import { assertOwner, sqliteOf } from './take-backup.ts'

export interface Restored {
  readonly backup: BackupHead
  readonly epoch: string
  /** The database that was there before; undefined when there was none. */
  readonly kept: string | undefined
  /** Releases whose archives are not on the disk: publishing them again brings them back. */
  readonly missing: readonly string[]
}

/**
 * Puts a backup in the place of the database, which is kept beside it. The restored one begins another life: numbers that
 * callers remember from before are not compared with its own. Until the last step the old one is in place and untouched.
 * @throws AppError `locked` while a server runs, `backup-invalid`, `state-too-new`, `unsupported` for PostgreSQL.
 */
export async function restoreBackup(
  settings: ServerSettings,
  file: string,
  clock: Clock,
): Promise<Restored> {
  const database = sqliteOf(settings)
  makeDirectory(dirname(database), 0o700)
  const lock = await acquireLock(`${database}.lock`, { purpose: `restore ${file}`, clock })
  const incoming = `${database}.restoring`
  try {
    removeAll(incoming)
    const backup = readBackup(file, incoming)
    const { epoch, missing } = await prepare(incoming, settings, clock)
    const kept = await keepPresent(database, clock)
    publishFile(incoming, database)
    return { backup, epoch, kept, missing }
  } finally {
    removeAll(incoming)
    lock.release()
  }
}

/** Checks and migrates the database under its own name, and gives it another epoch. */
async function prepare(
  path: string,
  settings: ServerSettings,
  clock: Clock,
): Promise<{ readonly epoch: string; readonly missing: readonly string[] }> {
  const { isWholeSqlite, settleSqlite } = await import('../storage/sqlite/snapshot.ts')
  if (!isWholeSqlite(path)) throw new AppError('state-corrupt', `the database in it is damaged`)
  const storage = await openStorage({ kind: 'sqlite', path }, { clock })
  try {
    const epoch = randomText(26)
    await storage.changeEpoch(epoch)
    return { epoch, missing: await missingArchives(storage, settings) }
  } finally {
    await storage.close()
    settleSqlite(path)
  }
}

/** What would be missing beside a file that is replaced is brought into it first; what is damaged is moved aside. */
async function keepPresent(database: string, clock: Clock): Promise<string | undefined> {
  if (!pathExists(database)) return undefined
  const { settleSqlite } = await import('../storage/sqlite/snapshot.ts')
  const kept = `${database}.before-${new Date(clock.now()).toISOString().replaceAll(':', '')}`
  settleSqlite(database)
  for (const part of parts)
    if (pathExists(`${database}${part}`)) {
      keepSecondName(`${database}${part}`, `${kept}${part}`)
      rmSync(`${database}${part}`)
    }
  keepSecondName(database, kept)
  return kept
}

/** Of the file's own log and index of that. */
const parts = ['-wal', '-shm'] as const

function removeAll(path: string): void {
  for (const part of ['', ...parts, '.lock', '.lock.holder'])
    rmSync(`${path}${part}`, { force: true })
}

async function missingArchives(storage: Storage, settings: ServerSettings): Promise<string[]> {
  const archives = openReleaseFiles(settings.releases)
  const missing: string[] = []
  let before: PublishedRelease | undefined
  do {
    const page = await storage.releases.list({ before, limit: 500 })
    for (const release of page)
      if (!archives.has(release)) missing.push(`${release.name}@${release.version}`)
    before = page.at(-1)
  } while (before !== undefined)
  return missing
}

/** Begins another life of a database that was put back by other means. Answers its epoch. */
export async function beginNewEpoch(settings: ServerSettings, clock: Clock): Promise<string> {
  const location = storageLocation(settings)
  if (location.kind === 'sqlite') assertOwner(location.path)
  const storage = await openStorage(location, { clock })
  try {
    const epoch = randomText(26)
    await storage.changeEpoch(epoch)
    return epoch
  } finally {
    await storage.close()
  }
}
