import { CompiledQuery, sql, type RawBuilder } from 'kysely'

import { AppError } from '../../../errors/index.ts'
import type { EarlierRaise } from '../assign-sequences.ts'
import type { Database, DatabaseTransaction, Dialect } from '../database.ts'
import type { NewRaise, TriggerEvent } from '../trigger-records.ts'
import { insertRows, valueList } from './insert-rows.ts'
import type { TriggerEventRow } from './table-types.ts'

/** What is recorded already under the keys of these raises, and under their ids when an earlier try may have got through. */
export async function findEarlier(
  { dialect }: Database,
  transaction: DatabaseTransaction,
  { raises, byId }: { readonly raises: readonly NewRaise[]; readonly byId: boolean },
): Promise<EarlierRaise[]> {
  return [
    ...(await findByKeys(transaction, dialect, raises)),
    ...(byId ? await findByIds(transaction, raises) : []),
  ]
}

async function findByKeys(
  transaction: DatabaseTransaction,
  { name: dialect }: Dialect,
  raises: readonly NewRaise[],
): Promise<readonly EarlierRaise[]> {
  const keyed = raises.filter(({ key }) => key !== undefined)
  if (keyed.length === 0) return []
  const list = valueList(dialect, keyed.length, 2)
  const values = keyed.flatMap(({ trigger, key }) => [trigger, key])
  const query = CompiledQuery.raw(`${selectByKeys} (values ${list})`, values)
  return (await transaction.executeQuery<EarlierRaise>(query)).rows
}

const selectByKeys = `select trigger_name as trigger, sequence, raise_id as id,
  idempotency_key as key, request_digest as digest from trigger_events
  where idempotency_key is not null and (trigger_name, idempotency_key) in`

async function findByIds(
  transaction: DatabaseTransaction,
  raises: readonly NewRaise[],
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
    .where(
      'raise_id',
      'in',
      raises.map(({ id }) => id),
    )
    .execute()
}

export async function recordEvents(
  { dialect }: Database,
  transaction: DatabaseTransaction,
  recorded: readonly { readonly raise: NewRaise; readonly sequence: number }[],
): Promise<void> {
  const rows = recorded.map(({ raise, sequence }) => rowOf(raise, sequence))
  await insertRows(transaction, dialect, { into: 'trigger_events', rows })
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
