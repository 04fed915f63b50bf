import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { pathExists, publishFile, sluiceVersion, withPath, type Clock } from '../../system/index.ts'
import { storageLocation } from '../server/server-files.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import { writeBackup, type BackupHead } from './backup-file.ts'

/**
 * Backs the database up as of one moment, also while the server runs; the file is whole or not there.
 * @throws AppError `not-found` without a database, `unsupported` for PostgreSQL, `usage` when the file exists.
 */
export async function takeBackup(
  settings: ServerSettings,
  file: string,
  clock: Clock,
): Promise<BackupHead> {
  const database = sqliteOf(settings)
  if (!pathExists(database)) throw new AppError('not-found', `there is no database ${database}`)
  if (pathExists(file))
    throw new AppError('usage', `${file} exists`, { hint: 'choose another name' })
  const { snapshotSqlite } = await import('../storage/sqlite/snapshot.ts')
  // Private from the first byte on, whatever SQLite makes its files with.
  const workshop = withPath(file, () => mkdtempSync(join(dirname(file), '.sluice-backup-')))
  try {
    const [copy, packed] = [join(workshop, 'database'), join(workshop, 'backup')]
    const { epoch } = snapshotSqlite(database, copy)
    const { size } = statSync(copy)
    const head = { at: clock.now(), version: sluiceVersion, epoch, size }
    writeBackup(copy, packed, head)
    publishFile(packed, file)
    return head
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}

/** Files that another account makes here, the server could not open. @throws AppError `io-failed`. */
export function assertOwner(database: string): void {
  const directory = dirname(database)
  const status = statSync(directory, { throwIfNoEntry: false })
  if (status === undefined || status.uid === process.geteuid?.()) return
  throw new AppError('io-failed', `${directory} belongs to another account (uid ${status.uid})`, {
    hint: `run it as that account: sudo -u '#${status.uid}' sluice server …`,
  })
}

/** The file of the database. @throws AppError `unsupported` for PostgreSQL, which has better means of its own. */
export function sqliteOf(settings: ServerSettings): string {
  const location = storageLocation(settings)
  if (location.kind === 'sqlite') {
    assertOwner(location.path)
    return location.path
  }
  throw new AppError('unsupported', 'PostgreSQL is backed up and restored by its own programs', {
    hint: 'pg_dump and pg_restore; after restoring, before the servers start: sluice server new-epoch',
  })
}
