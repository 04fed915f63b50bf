import { Kysely, PostgresDialect } from 'kysely'

import type { Secret } from '../../../system/index.ts'
import { assembleStorage } from '../assemble-storage.ts'
import { openChanges } from '../changes.ts'
import { openDatabase, type Database, type Surroundings } from '../database.ts'
import { migrations } from '../migrations/all.ts'
import { runMigrations } from '../migrations/run-migrations.ts'
import type { Storage } from '../storage.ts'
import type { Tables } from '../tables/table-types.ts'
import { openPool } from './connect.ts'
import { openListener } from './listen.ts'
import { postgresDialect } from './postgres-dialect.ts'

/** Opens a database that other servers may share. */
export async function openPostgres(url: Secret, surroundings: Surroundings): Promise<Storage> {
  const changes = openChanges()
  const database = openPostgresDatabase(url, { ...surroundings, changes })
  try {
    await runMigrations(database, migrations, surroundings.newEpoch)
    const listener = openListener(url, { ...surroundings, changes })
    return await assembleStorage(database, {
      isShared: true,
      onChanged: (kind, hint) => {
        listener.start()
        return changes.on(kind, hint)
      },
      close: async () => {
        await listener.close()
        await database.query.destroy()
      },
    })
  } catch (thrown) {
    await database.query.destroy()
    throw thrown
  }
}

/** The database, not migrated. */
export function openPostgresDatabase(url: Secret, surroundings: Surroundings): Database {
  const query = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: openPool(url) }) })
  return openDatabase(query, postgresDialect, surroundings)
}
