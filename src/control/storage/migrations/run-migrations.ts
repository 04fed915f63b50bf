import { AppError } from '../../../errors/index.ts'
import type { Database, DatabaseTransaction } from '../database.ts'
import { ensureEpoch, ensureMeta, readSchema, writeSchema } from '../tables/meta.ts'
import type { Migration } from './migration.ts'

/**
 * Brings the schema to that of this program, one transaction for each migration. Servers that start at once run
 * each of them once; after a crash the next start goes on where the last transaction ended.
 * @throws AppError `state-too-new` when a newer program has migrated the database; nothing is changed.
 */
export async function runMigrations(
  database: Database,
  migrations: readonly Migration[],
  newEpoch: string,
): Promise<void> {
  const advance = (): Promise<boolean> =>
    database.transaction(async (transaction) => {
      await database.dialect.migrationLock?.execute(transaction)
      return await migrateOnce(transaction, migrations, newEpoch)
    })
  while (await advance());
}

/** Runs the next migration; false when there is none. */
async function migrateOnce(
  transaction: DatabaseTransaction,
  migrations: readonly Migration[],
  newEpoch: string,
): Promise<boolean> {
  await ensureMeta(transaction)
  const schema = await readSchema(transaction)
  if (schema > migrations.length) throw tooNew(schema, migrations.length)
  const migration = migrations[schema]
  if (migration === undefined) return false
  await migration(transaction)
  await ensureEpoch(transaction, newEpoch)
  await writeSchema(transaction, schema + 1)
  return true
}

function tooNew(schema: number, known: number): AppError {
  return new AppError(
    'state-too-new',
    `the database has schema ${schema}, and this sluice knows schemas up to ${known}`,
    { hint: 'start the newer sluice again, or put back a backup from before it' },
  )
}
