import type { HostReportBody, ScriptOrder } from '../../../protocol/index.ts'
import type { DatabaseTransaction } from '../database.ts'
import type { NewScriptRuns } from '../script-run-records.ts'
import { bumpRevisions } from './agents.ts'
import { chunks } from './deployment-rows.ts'
import type { MatchingAgent } from './matching-agents.ts'

const open = ['waiting', 'running']

/** The runs that these agents have not reported as ended, by agent, oldest first. */
export async function openScripts(
  transaction: DatabaseTransaction,
  agents: readonly string[],
): Promise<ReadonlyMap<string, ScriptOrder[]>> {
  const rows = await transaction
    .selectFrom('script_runs')
    .selectAll()
    .where('agent', 'in', agents)
    .where('state', 'in', open)
    .orderBy('created_at')
    .orderBy('sequence')
    .execute()
  const orders = rows.map((row) => {
    const { id, script, sequence, requested_by: by, created_at: at } = row
    return {
      agent: row.agent,
      order: { run: id, script, trigger: row.trigger_name, sequence, by, at },
    }
  })
  const byAgent = Map.groupBy(orders, ({ agent }) => agent)
  return new Map([...byAgent].map(([agent, found]) => [agent, found.map(({ order }) => order)]))
}

/**
 * One run on each of these agents. A run that an earlier raise of the trigger has left, and that has not begun as far as we know,
 * is superseded: a host has at most one that runs and one that waits.
 */
export async function addRuns(
  transaction: DatabaseTransaction,
  { id, script, trigger, sequence, by, at }: NewScriptRuns,
  agents: readonly MatchingAgent[],
): Promise<void> {
  const ids = agents.map((agent) => agent.id)
  const error = JSON.stringify({
    code: 'superseded',
    message: `superseded by ${trigger}/${sequence}`,
  })
  for (const some of chunks(ids)) {
    await transaction
      .updateTable('script_runs')
      .set({ state: 'superseded', error, changed_at: at })
      .where('agent', 'in', some)
      .where('trigger_name', '=', trigger)
      .where('state', '=', 'waiting')
      .execute()
    await transaction
      .insertInto('script_runs')
      .values(
        some.map((agent) => ({
          id: runId(id, agent),
          start: id,
          agent,
          script,
          trigger_name: trigger,
          sequence,
          requested_by: by,
          state: 'waiting',
          error: null,
          created_at: at,
          changed_at: at,
          events: 0,
          event_bytes: 0,
        })),
      )
      .execute()
  }
  await bumpRevisions(transaction, ids)
}

/** Each agent's own, of the runs that one raise started. */
export function runId(start: string, agent: string): string {
  return `${start}.${agent}`
}

type ScriptState = Extract<HostReportBody, { kind: 'script-state' }>
type ScriptEvent = Extract<HostReportBody, { kind: 'script-event' }>

/** Keeps what a host says of its own run; what has ended stays ended. Answers whether its desired state is another one now. */
export async function moveRun(
  transaction: DatabaseTransaction,
  { agent, body, at }: { readonly agent: string; readonly body: ScriptState; readonly at: number },
): Promise<boolean> {
  const { run, state, error } = body
  const result = await transaction
    .updateTable('script_runs')
    .set({ state, error: error === undefined ? null : JSON.stringify(error), changed_at: at })
    .where('id', '=', run)
    .where('agent', '=', agent)
    // A run that was superseded here may have begun there: what the host says is so.
    .where('state', 'in', [...open, 'superseded'])
    .executeTakeFirst()
  return result.numUpdatedRows > 0n && !open.includes(state)
}

const mostEvents = 5000
const mostBytes = 4 * 1024 * 1024

/** Keeps what a run says while there is room. */
export async function writeRunEvent(
  transaction: DatabaseTransaction,
  { agent, body, at }: { readonly agent: string; readonly body: ScriptEvent; readonly at: number },
): Promise<void> {
  const { run, event } = body
  const query = transaction.selectFrom('script_runs').select(['events', 'event_bytes'])
  const row = await query.where('id', '=', run).where('agent', '=', agent).executeTakeFirst()
  const content = JSON.stringify(event)
  if (row === undefined || row.events >= mostEvents) return
  const event_bytes = row.event_bytes + Buffer.byteLength(content)
  if (event_bytes > mostBytes) return
  const number = row.events + 1
  await transaction.insertInto('script_events').values({ run, number, at, content }).execute()
  const count = transaction.updateTable('script_runs').set({ events: number, event_bytes })
  await count.where('id', '=', run).execute()
}
