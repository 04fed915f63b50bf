import { sql } from 'kysely'

import { canonicalJson, type AuditEntry } from '../../audit/audit-entry.ts'
import { assignSequences } from '../assign-sequences.ts'
import { changeChannels, noticeOf } from '../changes.ts'
import type { NewAuditEntry } from '../audit-records.ts'
import type { Database, DatabaseTransaction } from '../database.ts'
import type { NewRaise, RaiseResult, TriggerRecords } from '../trigger-records.ts'
import { appendEntries } from './audit.ts'
import { assertLease } from './leases.ts'
import {
  findEarlier,
  listEvents,
  pruneEvents,
  recordEvents,
  settleEvent,
} from './trigger-events.ts'

export function openTriggerRecords(database: Database): TriggerRecords {
  return {
    define: ({ name, at, policy = '{}' }) =>
      database.transaction(async (transaction) => {
        const made = await addTriggers(transaction, [name], { at, policy })
        return made > 0
      }),
    read: (names) => database.transaction((transaction) => readCounters(transaction, names)),
    raise: (raises) =>
      database.transaction((transaction, attempt) =>
        raise(database, transaction, { raises, attempt }),
      ),
    events: (name, range) =>
      database.transaction((transaction) => listEvents(transaction, name, range)),
    settle: (event, lease) =>
      database.transaction(async (transaction) => {
        if (lease !== undefined) await assertLease(database, transaction, lease)
        return await settleEvent(transaction, event)
      }),
    prune: (before, limit) =>
      database.transaction((transaction) => pruneEvents(transaction, before, limit)),
  }
}

/** Names of one statement; databases bound its parameters. */
const largestList = 500

async function raise(
  database: Database,
  transaction: DatabaseTransaction,
  { raises, attempt }: { readonly raises: readonly NewRaise[]; readonly attempt: number },
): Promise<readonly RaiseResult[]> {
  const counters = await takeCounters(database, transaction, raises)
  // Whoever has the counters is alone with these triggers, so an earlier try is wholly here or not at all.
  const earlier = await findEarlier(database, transaction, { raises, byId: attempt > 1 })
  const { results, recorded, counters: next } = assignSequences(raises, counters, earlier)
  if (recorded.length > 0) {
    await recordEvents(database, transaction, recorded)
    await writeCounters(transaction, next)
    if (database.dialect.hasNotify) await tellOthers(transaction, [...next.keys()])
  }
  const entries = auditEntries(raises, results)
  if (entries.length > 0) await appendEntries(database, transaction, { entries, attempt })
  return results
}

/** One for each raise that asked for it and was counted, now or before. */
function auditEntries(
  raises: readonly NewRaise[],
  results: readonly RaiseResult[],
): NewAuditEntry[] {
  return raises.flatMap(({ id, trigger, at, audit }, index) => {
    const result = results[index]
    if (audit === undefined || (result?.kind !== 'raised' && result?.kind !== 'repeated')) return []
    const object = `${trigger}/${result.sequence}`
    const entry: AuditEntry = { at, ...audit, what: 'raise-trigger', object, outcome: 'ok' }
    return [{ id, content: canonicalJson(entry) }]
  })
}

/** The counters of all triggers that are raised, locked until the end; makes those that may be made. */
async function takeCounters(
  { dialect }: Database,
  transaction: DatabaseTransaction,
  raises: readonly NewRaise[],
): Promise<Map<string, number>> {
  // In one order everywhere, so that two servers do not wait for each other.
  const names = [...new Set(raises.map(({ trigger }) => trigger))].toSorted()
  const counters = await readCounters(transaction, names, dialect.hasRowLocks)
  const absent = new Map<string, number>()
  for (const { trigger, create, at } of raises)
    if (create && !counters.has(trigger) && !absent.has(trigger)) absent.set(trigger, at)
  if (absent.size === 0) return counters
  const missing = [...absent.keys()].toSorted()
  await addTriggers(transaction, missing, { at: Math.min(...absent.values()), policy: '{}' })
  const added = await readCounters(transaction, missing, dialect.hasRowLocks)
  return new Map([...counters, ...added])
}

async function readCounters(
  transaction: DatabaseTransaction,
  names: readonly string[],
  forUpdate = false,
): Promise<Map<string, number>> {
  const counters = new Map<string, number>()
  for (let start = 0; start < names.length; start += largestList) {
    const some = names.slice(start, start + largestList)
    const query = transaction
      .selectFrom('triggers')
      .select(['name', 'sequence'])
      .where('name', 'in', some)
    const rows = await (forUpdate ? query.orderBy('name').forUpdate() : query).execute()
    for (const { name, sequence } of rows) counters.set(name, sequence)
  }
  return counters
}

/** Answers how many were made. */
async function addTriggers(
  transaction: DatabaseTransaction,
  names: readonly string[],
  { at, policy }: { readonly at: number; readonly policy: string },
): Promise<number> {
  const result = await transaction
    .insertInto('triggers')
    .values(names.map((name) => ({ name, sequence: 0, defined_at: at, policy })))
    .onConflict((conflict) => conflict.column('name').doNothing())
    .executeTakeFirst()
  return Number(result.numInsertedOrUpdatedRows ?? 0)
}

async function writeCounters(
  transaction: DatabaseTransaction,
  counters: ReadonlyMap<string, number>,
): Promise<void> {
  // The rows are there, so each one conflicts and only its sequence is written.
  await transaction
    .insertInto('triggers')
    .values(
      [...counters].map(([name, sequence]) => ({ name, sequence, defined_at: 0, policy: '' })),
    )
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet({ sequence: (update) => update.ref('excluded.sequence') }),
    )
    .execute()
}

async function tellOthers(
  transaction: DatabaseTransaction,
  names: readonly string[],
): Promise<void> {
  const { triggers: channel } = changeChannels
  await sql`select pg_notify(${channel}, ${noticeOf(names)})`.execute(transaction)
}
