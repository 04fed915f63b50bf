import { sql } from 'kysely'

import { AppError } from '../../../errors/index.ts'
import type { Database, DatabaseTransaction } from '../database.ts'

/** The table that is there before the first migration. */
export async function ensureMeta(transaction: DatabaseTransaction): Promise<void> {
  await sql`create table if not exists meta (name text primary key, value text not null)`.execute(
    transaction,
  )
}

/** The number of the last migration that was run; 0 in a new database. */
export async function readSchema(transaction: DatabaseTransaction): Promise<number> {
  return Number((await readMeta(transaction, 'schema')) ?? 0)
}

export async function writeSchema(transaction: DatabaseTransaction, schema: number): Promise<void> {
  await writeMeta(transaction, 'schema', String(schema))
}

/** Keeps the epoch that is there already. */
export async function ensureEpoch(transaction: DatabaseTransaction, epoch: string): Promise<void> {
  if ((await readMeta(transaction, 'epoch')) === undefined)
    await writeMeta(transaction, 'epoch', epoch)
}

export async function readEpoch(database: Database): Promise<string> {
  const epoch = await database.transaction((transaction) => readMeta(transaction, 'epoch'))
  if (epoch !== undefined) return epoch
  throw new AppError('state-corrupt', 'the database has lost its epoch', {
    hint: 'put back a backup of it',
  })
}

export async function writeEpoch(database: Database, epoch: string): Promise<void> {
  await database.transaction((transaction) => writeMeta(transaction, 'epoch', epoch))
}

async function readMeta(
  transaction: DatabaseTransaction,
  name: string,
): Promise<string | undefined> {
  const row = await transaction
    .selectFrom('meta')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirst()
  return row?.value
}

async function writeMeta(
  transaction: DatabaseTransaction,
  name: string,
  value: string,
): Promise<void> {
  await transaction
    .insertInto('meta')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute()
}
