import { sql, type RawBuilder } from 'kysely'

import { AppError } from '../../../errors/index.ts'
import type { EarlierRaise } from '../assign-sequences.ts'
import type { DatabaseTransaction } from '../database.ts'
import type { NewRaise, TriggerEvent } from '../trigger-records.ts'
import type { TriggerEventRow } from './table-types.ts'

/** What is recorded already under the keys of these raises, and under their ids when an earlier try may have got through. */
export async function findEarlier(
  transaction: DatabaseTransaction,
  raises: readonly NewRaise[],
  { byId }: { readonly byId: boolean },
): Promise<EarlierRaise[]> {
  const pairs = raises.flatMap(({ trigger, key }) =>
    key === undefined ? [] : [sql`(${trigger}, ${key})`],
  )
  const withKeys = sql<boolean>`idempotency_key is not null
    and (trigger_name, idempotency_key) in (values ${sql.join(pairs)})`
  const withIds = sql<boolean>`raise_id in (${sql.join(raises.map(({ id }) => id))})`
  return [
    ...(pairs.length > 0 ? await findEvents(transaction, withKeys) : []),
    ...(byId ? await findEvents(transaction, withIds) : []),
  ]
}

async function findEvents(
  transaction: DatabaseTransaction,
  condition: RawBuilder<boolean>,
): Promise<EarlierRaise[]> {
  return await transaction
    .selectFrom('trigger_events')
    .select([
      'trigger_name as trigger',
      'sequence',
      'raise_id as id',
      'idempotency_key as key',
      'request_digest as digest',
    ])
    .where(condition)
    .execute()
}

export async function recordEvents(
  transaction: DatabaseTransaction,
  recorded: readonly { readonly raise: NewRaise; readonly sequence: number }[],
): Promise<void> {
  await transaction
    .insertInto('trigger_events')
    .values(recorded.map(({ raise, sequence }) => rowOf(raise, sequence)))
    .execute()
}

function rowOf(raise: NewRaise, sequence: number): TriggerEventRow {
  return {
    trigger_name: raise.trigger,
    sequence,
    raise_id: raise.id,
    idempotency_key: raise.key ?? null,
    request_digest: raise.digest ?? null,
    raised_at: raise.at,
    raised_by: raise.by,
    source: raise.source,
    outcome: null,
    superseded_by: null,
  }
}

export async function listEvents(
  transaction: DatabaseTransaction,
  name: string,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<TriggerEvent[]> {
  const rows = await transaction
    .selectFrom('trigger_events')
    .selectAll()
    .where('trigger_name', '=', name)
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(limit)
    .execute()
  return rows.map(eventOf)
}

function eventOf(row: TriggerEventRow): TriggerEvent {
  return {
    trigger: row.trigger_name,
    sequence: row.sequence,
    key: row.idempotency_key,
    at: row.raised_at,
    by: row.raised_by,
    source: row.source,
    digest: row.request_digest,
    outcome: row.outcome,
    supersededBy: row.superseded_by,
  }
}

interface Settlement {
  readonly trigger: string
  readonly sequence: number
  readonly outcome: string
}

export async function settleEvent(
  transaction: DatabaseTransaction,
  { trigger, sequence, outcome }: Settlement,
): Promise<boolean> {
  const event = await transaction
    .selectFrom('trigger_events')
    .select('outcome')
    .where('trigger_name', '=', trigger)
    .where('sequence', '=', sequence)
    .executeTakeFirst()
  if (event === undefined)
    throw new AppError('not-found', `trigger "${trigger}" has no event ${sequence}`)
  if (event.outcome !== null) return event.outcome === outcome
  const open = transaction
    .updateTable('trigger_events')
    .where('trigger_name', '=', trigger)
    .where('outcome', 'is', null)
    .where('superseded_by', 'is', null)
  await open.set({ superseded_by: sequence }).where('sequence', '<', sequence).execute()
  await open.set({ outcome }).where('sequence', '=', sequence).execute()
  return true
}

export async function pruneEvents(
  transaction: DatabaseTransaction,
  before: number,
  limit: number,
): Promise<number> {
  const old = (condition: RawBuilder<boolean>) => sql<boolean>`raise_id in (
    select raise_id from trigger_events where raised_at < ${before} and ${condition}
    order by raised_at limit ${limit})`
  const removed = await transaction
    .deleteFrom('trigger_events')
    .where(old(sql`outcome is null`))
    .executeTakeFirst()
  const freed = await transaction
    .updateTable('trigger_events')
    .set({ idempotency_key: null, request_digest: null })
    .where(old(sql`outcome is not null and idempotency_key is not null`))
    .executeTakeFirst()
  return Number(removed.numDeletedRows + freed.numUpdatedRows)
}
