import { randomText, systemClock, type Clock } from '../../system/index.ts'
import type { RandomText } from '../../system/index.ts'
import type { Storage, StorageLocation } from './storage.ts'

export interface StorageOptions {
  readonly clock?: Clock
  readonly randomText?: RandomText
  /** Between 0 and 1, spreads retries. */
  readonly random?: () => number
}

/**
 * Opens the database, making or migrating it first.
 * @throws AppError `locked` naming the server that has the file, `state-too-new`, `state-corrupt`,
 * `database-unavailable`.
 */
export async function openStorage(
  location: StorageLocation,
  options: StorageOptions = {},
): Promise<Storage> {
  const { clock = systemClock, random = Math.random } = options
  const surroundings = { clock, random, newEpoch: (options.randomText ?? randomText)(26) }
  if (location.kind === 'sqlite') {
    const { openSqlite } = await import('./sqlite/open-sqlite.ts')
    return await openSqlite(location.path, surroundings)
  }
  const { openPostgres } = await import('./postgres/open-postgres.ts')
  return await openPostgres(location.url, surroundings)
}
