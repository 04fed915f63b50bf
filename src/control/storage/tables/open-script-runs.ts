import { sql } from 'kysely'

import type { Database, DatabaseTransaction } from '../database.ts'
import type { ScriptRunRecords, StoredScriptRun } from '../script-run-records.ts'
import { errorOf } from './deployment-rows.ts'
import type { ScriptRunRow } from './fleet-rows.ts'

export function openScriptRunRecords(database: Database): ScriptRunRecords {
  return {
    ofStart: (start) =>
      database.transaction(async (transaction) => {
        const rows = await transaction
          .selectFrom('script_runs')
          .leftJoin('agents', 'agents.id', 'script_runs.agent')
          .selectAll('script_runs')
          .select('agents.name as name')
          .where('start', '=', start)
          // Of an agent that was removed only the id is left; databases differ about where nothing stands.
          .orderBy(sql`coalesce(agents.name, script_runs.agent)`)
          .orderBy('script_runs.agent')
          .execute()
        return rows.map(runOf)
      }),
    events: (run, { after, limit }) =>
      database.transaction(async (transaction) => {
        const query = transaction.selectFrom('script_events').select(['number', 'at', 'content'])
        const later = query.where('run', '=', run).where('number', '>', after)
        const rows = await later.orderBy('number').limit(limit).execute()
        return rows.map((row) => ({ ...row, content: JSON.parse(row.content) as unknown }))
      }),
    prune: (before, limit) =>
      database.transaction((transaction) => pruneRuns(transaction, before, limit)),
  }
}

function runOf(row: ScriptRunRow & { readonly name: string | null }): StoredScriptRun {
  const { id, agent, script, trigger_name: trigger, sequence, requested_by: by, state } = row
  return {
    id,
    agent,
    name: row.name ?? agent,
    script,
    trigger,
    sequence,
    by,
    state,
    events: row.events,
    error: errorOf(row.error),
    createdAt: row.created_at,
    changedAt: row.changed_at,
  }
}

async function pruneRuns(
  transaction: DatabaseTransaction,
  before: number,
  limit: number,
): Promise<number> {
  const rows = await transaction
    .selectFrom('script_runs')
    .select('id')
    .where('created_at', '<', before)
    .where('state', 'not in', ['waiting', 'running'])
    .limit(Math.min(limit, 100))
    .execute()
  const ids = rows.map(({ id }) => id)
  if (ids.length === 0) return 0
  await transaction.deleteFrom('script_events').where('run', 'in', ids).execute()
  await transaction.deleteFrom('script_runs').where('id', 'in', ids).execute()
  return ids.length
}
