import { sql } from 'kysely'

import { AppError } from '../../../errors/index.ts'
import type { Database, DatabaseTransaction } from '../database.ts'
import type { Lease, LeaseRecords } from '../lease-records.ts'
import type { LeaseRow } from './table-types.ts'

export function openLeaseRecords(database: Database): LeaseRecords {
  const { now } = database.dialect
  return {
    claim: (name, owner, milliseconds) =>
      database.transaction(async (transaction) => {
        const held_until = sql<number>`${now} + ${milliseconds}`
        const row = await transaction
          .insertInto('leases')
          .values({ name, owner, fence: 1, held_until })
          .onConflict((conflict) =>
            conflict
              .column('name')
              .doUpdateSet({ owner, fence: sql<number>`leases.fence + 1`, held_until })
              .where(sql<boolean>`leases.held_until <= ${now} or leases.owner = ${owner}`),
          )
          .returningAll()
          .executeTakeFirst()
        return leaseOf(row)
      }),
    renew: (lease, milliseconds) =>
      database.transaction(async (transaction) => {
        const held_until = sql<number>`${now} + ${milliseconds}`
        return leaseOf(
          await held(transaction, lease).set({ held_until }).returningAll().executeTakeFirst(),
        )
      }),
    release: (lease) =>
      database.transaction(async (transaction) => {
        const result = await held(transaction, lease).set({ held_until: 0 }).executeTakeFirst()
        return result.numUpdatedRows > 0n
      }),
  }
}

function held(transaction: DatabaseTransaction, { name, fence }: Pick<Lease, 'name' | 'fence'>) {
  return transaction.updateTable('leases').where('name', '=', name).where('fence', '=', fence)
}

/**
 * Keeps a lease from being taken over until the transaction ends.
 * @throws AppError `fenced` when it was taken over before.
 */
export async function assertLease(
  { dialect }: Database,
  transaction: DatabaseTransaction,
  { name, fence }: Pick<Lease, 'name' | 'fence'>,
): Promise<void> {
  const query = transaction.selectFrom('leases').select(['fence', 'owner']).where('name', '=', name)
  const row = await (dialect.hasRowLocks ? query.forUpdate() : query).executeTakeFirst()
  if (row?.fence === fence) return
  throw new AppError(
    'fenced',
    `lease "${name}" was taken over: our number is ${fence}, the current one ${row?.fence ?? 'none'}`,
  )
}

function leaseOf(row: LeaseRow | undefined): Lease | undefined {
  if (row === undefined) return undefined
  return { name: row.name, owner: row.owner, fence: row.fence, until: row.held_until }
}
