import { AppError } from '../../../errors/index.ts'
import { unfinishedStates } from '../../../protocol/index.ts'
import type { Database, DatabaseTransaction } from '../database.ts'
import type { Creation, Decider, NewDeployment, StoredDeployment } from '../deployment-records.ts'
import { takeSteps } from './advance-deployment.ts'
import { bumpRevisions } from './agents.ts'
import { openPen } from './deployment-events.ts'
import { chunks, deploymentOf, selectDeployments } from './deployment-rows.ts'
import { desireAnew } from './desires.ts'
import type { DeploymentRow } from './fleet-rows.ts'
import { lockMatchingAgents, type MatchingAgent } from './matching-agents.ts'
import { findRejected } from './rejected-releases.ts'

/** Makes a deployment, or says why not and writes nothing. */
export async function createDeployment(
  database: Database,
  transaction: DatabaseTransaction,
  { request, decide }: { readonly request: NewDeployment; readonly decide: Decider },
): Promise<Creation> {
  const { id, app, digest, selector } = request
  const earlier = await findEarlier(transaction, request)
  if (earlier !== undefined) return earlier
  if (!(await lockRelease(database, transaction, request))) return { kind: 'no-release' }
  const rejected = await findRejected(transaction, app, digest)
  if (rejected !== undefined)
    return { kind: 'rejected', version: rejected.version, reason: rejected.reason }
  // Who has these rows is alone with these hosts: of two requests one sees the other's deployment.
  const agents = await lockMatchingAgents(database, transaction, selector)
  if (agents.length === 0) return { kind: 'no-hosts' }
  const unfinished = await findUnfinished(transaction, app, agents)
  // The same request may have come at the same time, and been first.
  if (unfinished?.id === id)
    return (await findEarlier(transaction, request)) ?? { kind: 'no-hosts' }
  if (unfinished !== undefined)
    return { kind: 'unfinished', deployment: unfinished.id, by: unfinished.requested_by }
  const row = rowOf(request)
  await transaction.insertInto('deployments').values(row).execute()
  await recordRequest(transaction, row)
  await addHosts(transaction, request, agents)
  await takeSteps(transaction, { ...row, events: 1 }, { at: request.at, decide })
  await bumpRevisions(
    transaction,
    agents.map((agent) => agent.id),
  )
  const made = await readDeployment(transaction, id)
  if (made === undefined) throw new AppError('bug', `deployment ${id} is gone that was just made`)
  return { kind: 'created', deployment: made.deployment }
}

async function findEarlier(
  transaction: DatabaseTransaction,
  { id, requestDigest }: NewDeployment,
): Promise<Creation | undefined> {
  const earlier = await readDeployment(transaction, id)
  if (earlier === undefined) return undefined
  return earlier.digest === requestDigest
    ? { kind: 'repeated', deployment: earlier.deployment }
    : { kind: 'key-reused' }
}

async function readDeployment(
  transaction: DatabaseTransaction,
  id: string,
): Promise<{ deployment: StoredDeployment; digest: string | null } | undefined> {
  const row = await selectDeployments(transaction).where('id', '=', id).executeTakeFirst()
  return row && { deployment: deploymentOf(row), digest: row.request_digest }
}

/** Keeps the release from being removed until the deployment names it. */
async function lockRelease(
  { dialect }: Database,
  transaction: DatabaseTransaction,
  { app, digest }: NewDeployment,
): Promise<boolean> {
  const query = transaction.selectFrom('releases').select('digest').where('digest', '=', digest)
  const ofApp = query.where('name', '=', app)
  const row = await (dialect.hasRowLocks ? ofApp.forUpdate() : ofApp).executeTakeFirst()
  return row !== undefined
}

async function findUnfinished(
  transaction: DatabaseTransaction,
  app: string,
  agents: readonly MatchingAgent[],
): Promise<Pick<DeploymentRow, 'id' | 'requested_by'> | undefined> {
  const rows = await transaction
    .selectFrom('deployments')
    .select(['id', 'requested_by'])
    .where('app', '=', app)
    .where('state', 'in', unfinishedStates)
    .orderBy('created_at')
    .execute()
  if (rows.length === 0) return undefined
  const wanted = new Set(agents.map(({ id }) => id))
  for (const row of rows) {
    const query = transaction.selectFrom('deployment_hosts').select('agent')
    const hosts = await query.where('deployment', '=', row.id).execute()
    if (hosts.some(({ agent }) => wanted.has(agent))) return row
  }
  return undefined
}

function rowOf(request: NewDeployment): DeploymentRow {
  const { id, app, digest, selector, endpoints, by, source, reason, requestDigest, at } = request
  return {
    id,
    app,
    digest,
    source,
    reason,
    state: 'requested',
    requested_by: by,
    selector: JSON.stringify(selector),
    endpoints: endpoints === null ? null : JSON.stringify(endpoints),
    created_at: at,
    changed_at: at,
    deadline: null,
    finished_at: null,
    committed_at: null,
    error: null,
    events: 0,
    event_bytes: 0,
    request_digest: requestDigest,
  }
}

async function recordRequest(transaction: DatabaseTransaction, row: DeploymentRow): Promise<void> {
  const place = { deployment: row.id, events: 0, bytes: 0, at: row.created_at }
  const pen = openPen(transaction, place)
  pen.write(null, { kind: 'deployment', state: 'requested' })
  await pen.flush()
}

async function addHosts(
  transaction: DatabaseTransaction,
  { id, app, at }: NewDeployment,
  agents: readonly MatchingAgent[],
): Promise<void> {
  const desires = agents.map((agent) => ({
    agent: agent.id,
    app,
    deployment: id,
    phase: 'prepare' as const,
  }))
  const generations = await desireAnew(transaction, desires)
  const hosts = agents.map((agent) => ({
    deployment: id,
    agent: agent.id,
    generation: generations.get(agent.id) ?? 1,
    state: 'waiting',
    owed: 0,
    local_deployment: null,
    error: null,
    traffic: null,
    changed_at: at,
  }))
  for (const some of chunks(hosts))
    await transaction.insertInto('deployment_hosts').values(some).execute()
}
