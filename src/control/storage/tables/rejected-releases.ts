import type { Database, DatabaseTransaction } from '../database.ts'
import type { RejectedRecords } from '../rejected-records.ts'
import { bumpRevisions } from './agents.ts'
import type { RejectedReleaseRow } from './fleet-rows.ts'

export function openRejectedRecords(database: Database): RejectedRecords {
  return {
    reject: ({ app, digest, version, reason, by, at }) =>
      database.transaction(async (transaction) => {
        const who = { rejected_by: by, rejected_at: at }
        const isNew = await rejectRelease(transaction, { app, digest, version, reason, ...who })
        if (isNew) await bumpRevisions(transaction, await agentsOf(transaction, app))
        return isNew
      }),
    lift: (app, digest) =>
      database.transaction((transaction) => liftRejection(transaction, app, digest)),
    list: (limit) =>
      database.transaction(async (transaction) => {
        const query = transaction.selectFrom('rejected_releases').selectAll()
        const rows = await query.orderBy('rejected_at', 'desc').limit(limit).execute()
        return rows.map(({ rejected_by: by, rejected_at: at, ...row }) => ({ ...row, by, at }))
      }),
  }
}

export async function findRejected(
  transaction: DatabaseTransaction,
  app: string,
  digest: string,
): Promise<RejectedReleaseRow | undefined> {
  const query = transaction.selectFrom('rejected_releases').selectAll().where('app', '=', app)
  return await query.where('digest', '=', digest).executeTakeFirst()
}

/** Rejects a release for every host; the first reason stays. Answers whether it is new. */
export async function rejectRelease(
  transaction: DatabaseTransaction,
  row: RejectedReleaseRow,
): Promise<boolean> {
  const result = await transaction
    .insertInto('rejected_releases')
    .values(row)
    .onConflict((conflict) => conflict.columns(['app', 'digest']).doNothing())
    .executeTakeFirst()
  return Number(result.numInsertedOrUpdatedRows ?? 0) > 0
}

/** Allows a release again, and says so to every host of the app. Answers whether it was rejected. */
export async function liftRejection(
  transaction: DatabaseTransaction,
  app: string,
  digest: string,
): Promise<boolean> {
  const query = transaction.deleteFrom('rejected_releases').where('app', '=', app)
  const result = await query.where('digest', '=', digest).executeTakeFirst()
  if (result.numDeletedRows === 0n) return false
  await bumpRevisions(transaction, await agentsOf(transaction, app))
  return true
}

/** The agents that something of the app is desired of. */
export async function agentsOf(transaction: DatabaseTransaction, app: string): Promise<string[]> {
  const query = transaction.selectFrom('desires').select('agent').where('app', '=', app)
  return (await query.execute()).map(({ agent }) => agent)
}
