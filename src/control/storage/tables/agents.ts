import { sql } from 'kysely'

import type { AgentRecords, AgentStanding, AgentState } from '../agent-records.ts'
import { changeChannels, noticeOf } from '../changes.ts'
import { contextOf, type Database, type DatabaseTransaction } from '../database.ts'
import { enrolAgent, loginAgents } from './agent-joins.ts'
import { agentOf } from './agent-rows.ts'

export function openAgentRecords(database: Database): AgentRecords {
  return {
    enrol: (enrolment) => database.transaction((transaction) => enrolAgent(transaction, enrolment)),
    login: (logins) =>
      database.transaction(async (transaction) => {
        const stopped = await loginAgents(transaction, logins)
        if (stopped.length > 0) await noteChanged(transaction, stopped)
      }),
    standing: (ids) => database.transaction((transaction) => readStanding(transaction, ids)),
    totals: () =>
      database.transaction(async (transaction) => {
        const totals = sql<{ totals: string }>`select
          count(*) || ' ' || coalesce(sum(revision), 0) || ' ' || count(nullif(state, 'active')) as totals
          from agents`
        const { rows } = await totals.execute(transaction)
        return rows[0]?.totals ?? ''
      }),
    find: (idOrName) =>
      database.transaction(async (transaction) => {
        const query = transaction.selectFrom('agents').selectAll()
        const found = query.where((when) =>
          when.or([when('id', '=', idOrName), when('name', '=', idOrName)]),
        )
        const rows = await found.execute()
        const row = rows.find(({ id }) => id === idOrName) ?? rows[0]
        return row === undefined ? undefined : agentOf(row)
      }),
    list: ({ after, limit }) =>
      database.transaction(async (transaction) => {
        const query = transaction.selectFrom('agents').selectAll().where('name', '>', after)
        const rows = await query.orderBy('name').limit(limit).execute()
        return rows.map(agentOf)
      }),
    rename: (id, name) =>
      database.transaction(async (transaction) => {
        const query = transaction.selectFrom('agents').select('id').where('name', '=', name)
        const holder = (await query.executeTakeFirst())?.id
        if (holder !== undefined && holder !== id) return holder
        await transaction.updateTable('agents').set({ name }).where('id', '=', id).execute()
        return undefined
      }),
    remove: (id) => database.transaction((transaction) => removeAgent(transaction, id)),
    bumpRevisions: (ids) => database.transaction((transaction) => bumpRevisions(transaction, ids)),
    noteSeen: (ids, at) => database.transaction((transaction) => noteSeen(transaction, ids, at)),
  }
}

/** Ids of one statement; databases bound its parameters. */
const largestList = 500

/**
 * Tells agents, in the transaction that changes what their hosts are to do, that there is something new; held polls
 * are answered once it is committed. Ids that are no agents are passed over.
 */
export async function bumpRevisions(
  transaction: DatabaseTransaction,
  agentIds: readonly string[],
): Promise<void> {
  // In one order everywhere, so that two servers do not wait for each other.
  const ids = [...new Set(agentIds)].toSorted()
  for (const some of inPieces(ids)) {
    await lockAgents(transaction, some)
    const query = transaction.updateTable('agents').where('id', 'in', some)
    await query.set({ revision: sql<number>`revision + 1` }).execute()
  }
  await noteChanged(transaction, ids)
}

/** Wakes the polls of these agents when the transaction is committed, here and on other servers. */
async function noteChanged(
  transaction: DatabaseTransaction,
  ids: readonly string[],
): Promise<void> {
  const { dialect, changed } = contextOf(transaction)
  for (const id of ids) changed.add(id)
  if (ids.length === 0 || !dialect.hasNotify) return
  await sql`select pg_notify(${changeChannels.agents}, ${noticeOf(ids)})`.execute(transaction)
}

async function lockAgents(transaction: DatabaseTransaction, ids: readonly string[]): Promise<void> {
  if (!contextOf(transaction).dialect.hasRowLocks) return
  const query = transaction.selectFrom('agents').select('id').where('id', 'in', ids)
  await query.orderBy('id').forUpdate().execute()
}

async function readStanding(
  transaction: DatabaseTransaction,
  ids: readonly string[],
): Promise<Map<string, AgentStanding>> {
  const standing = new Map<string, AgentStanding>()
  for (const some of inPieces(ids)) {
    const query = transaction.selectFrom('agents').select(['id', 'state', 'revision'])
    for (const { id, state, revision } of await query.where('id', 'in', some).execute())
      standing.set(id, { state: state as AgentState, revision })
  }
  return standing
}

async function removeAgent(transaction: DatabaseTransaction, id: string): Promise<boolean> {
  // Nobody will end what it had begun, nor come for what it is owed.
  await sql`update script_runs set state = 'unknown' where agent = ${id} and state in ('waiting', 'running')`.execute(
    transaction,
  )
  await sql`update deployment_hosts set owed = 0 where agent = ${id}`.execute(transaction)
  await sql`delete from desires where agent = ${id}`.execute(transaction)
  const removed = await transaction.deleteFrom('agents').where('id', '=', id).executeTakeFirst()
  if (removed.numDeletedRows === 0n) return false
  await noteChanged(transaction, [id])
  return true
}

async function noteSeen(
  transaction: DatabaseTransaction,
  agentIds: readonly string[],
  at: number,
): Promise<void> {
  for (const some of inPieces(agentIds.toSorted())) {
    await lockAgents(transaction, some)
    const query = transaction.updateTable('agents').set({ seen_at: at }).where('id', 'in', some)
    const isLater = query.where((when) =>
      when.or([when('seen_at', 'is', null), when('seen_at', '<', at)]),
    )
    await isLater.execute()
  }
}

function* inPieces(ids: readonly string[]): Generator<readonly string[]> {
  for (let start = 0; start < ids.length; start += largestList)
    yield ids.slice(start, start + largestList)
}
