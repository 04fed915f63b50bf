import type { Database, DatabaseTransaction } from '../database.ts'
import {
  refusalOf,
  type NewStart,
  type StartRecords,
  type TakenUp,
  type WaitingRaise,
} from '../start-records.ts'
import { createDeployment } from './create-deployment.ts'
import { lockMatchingAgents } from './matching-agents.ts'
import { addRuns } from './script-runs.ts'
import { settleEvent } from './trigger-events.ts'

export function openStartRecords(database: Database): StartRecords {
  return {
    waiting: (triggers) =>
      database.transaction((transaction) => findWaiting(transaction, triggers)),
    takeUp: (raise, start) =>
      database.transaction((transaction) => takeUp(database, transaction, { raise, start })),
  }
}

/** Only the last raise of a trigger can be open without all open ones before it being superseded by it. */
async function findWaiting(
  transaction: DatabaseTransaction,
  triggers: readonly string[],
): Promise<WaitingRaise[]> {
  if (triggers.length === 0) return []
  return await transaction
    .selectFrom('triggers')
    .innerJoin('trigger_events as event', (join) =>
      join
        .onRef('event.trigger_name', '=', 'triggers.name')
        .onRef('event.sequence', '=', 'triggers.sequence'),
    )
    .select(['triggers.name as trigger', 'triggers.sequence as sequence'])
    .where('triggers.name', 'in', triggers)
    .where('event.outcome', 'is', null)
    .where('event.superseded_by', 'is', null)
    .execute()
}

interface Taking {
  readonly raise: WaitingRaise
  readonly start: NewStart
}

async function takeUp(
  database: Database,
  transaction: DatabaseTransaction,
  { raise, start }: Taking,
): Promise<TakenUp> {
  if (!(await isStillLast(database, transaction, raise))) return { kind: 'gone' }
  const taken = await begin(database, transaction, { raise, start })
  if (taken.kind === 'started' || taken.kind === 'failed')
    await settleEvent(transaction, { ...raise, outcome: taken.outcome })
  return taken
}

/** Whoever has the trigger's row is the only one who takes up its raises. */
async function isStillLast(
  { dialect }: Database,
  transaction: DatabaseTransaction,
  { trigger, sequence }: WaitingRaise,
): Promise<boolean> {
  const query = transaction.selectFrom('triggers').select('sequence').where('name', '=', trigger)
  const row = await (dialect.hasRowLocks ? query.forUpdate() : query).executeTakeFirst()
  if (row?.sequence !== sequence) return false
  return (await findWaiting(transaction, [trigger])).length > 0
}

async function begin(
  database: Database,
  transaction: DatabaseTransaction,
  { start }: Taking,
): Promise<TakenUp> {
  if (start.kind === 'nothing') return { kind: 'failed', outcome: `failed: ${start.reason}` }
  if (start.kind === 'script') {
    const agents = await lockMatchingAgents(database, transaction, start.selector)
    if (agents.length === 0) return { kind: 'failed', outcome: 'failed: no agent has these labels' }
    await addRuns(transaction, start.runs, agents)
    return { kind: 'started', outcome: start.runs.id }
  }
  const { request, decide } = start
  const creation = await createDeployment(database, transaction, { request, decide })
  if (creation.kind === 'unfinished') return { kind: 'waits', for: creation.deployment }
  const refusal = refusalOf(creation)
  if (refusal !== undefined) return { kind: 'failed', outcome: refusal.slice(0, 500) }
  return { kind: 'started', outcome: request.id }
}
