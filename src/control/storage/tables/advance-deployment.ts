import type { ReportedError } from '../../../events/index.ts'
import {
  isFinished,
  type DeploymentState,
  type HostDeploymentState,
} from '../../../protocol/index.ts'
import type { Action, HostFacts } from '../../deployments/next-action.ts'
import type { Database, DatabaseTransaction } from '../database.ts'
import type { AdvanceOptions, Decider, StoredDeploymentHost } from '../deployment-records.ts'
import { bumpRevisions } from './agents.ts'
import { openPen } from './deployment-events.ts'
import { chunks, errorOf, readHosts } from './deployment-rows.ts'
import { desireOwedAgain, setPhases } from './desires.ts'
import type { DeploymentRow } from './fleet-rows.ts'
import { findRejected } from './rejected-releases.ts'

export async function advanceDeployment(
  { dialect }: Database,
  transaction: DatabaseTransaction,
  { id, ...options }: AdvanceOptions & { readonly id: string },
): Promise<DeploymentState | undefined> {
  let query = transaction.selectFrom('deployments').selectAll().where('id', '=', id)
  if (dialect.hasRowLocks) query = query.forUpdate()
  if (dialect.hasRowLocks && options.skipLocked === true) query = query.skipLocked()
  const row = await query.executeTakeFirst()
  if (row === undefined) return undefined
  const { state, told } = await takeSteps(transaction, row, options)
  await bumpRevisions(transaction, told)
  return state
}

/** More steps than a deployment can have in a row. */
const mostSteps = 10

/** Takes all steps that are due; answers which agents are to hear of it. */
export async function takeSteps(
  transaction: DatabaseTransaction,
  row: DeploymentRow,
  { at, decide, stop }: Pick<AdvanceOptions, 'at' | 'decide' | 'stop'>,
): Promise<{ readonly state: DeploymentState; readonly told: readonly string[] }> {
  const state = row.state as DeploymentState
  if (isFinished(state)) return { state, told: [] }
  const reason = stop ?? (await rejectionOf(transaction, row))
  const before = await readHosts(transaction, row.id)
  const course = plotCourse({ row, hosts: before, stop: reason ?? null }, decide)
  if (course.actions.length === 0) return { state, told: [] }
  const told = new Set<string>()
  await writeHosts(transaction, row.id, { before, after: course.hosts })
  for (const [phase, agents] of course.told) {
    await setPhases(transaction, { deployment: row.id, phase, agents })
    agents.forEach((agent) => told.add(agent))
  }
  const end = await writeDeployment(transaction, row, { course, at })
  if (end === 'undone' || end === 'partial')
    for (const agent of await desireOwedAgain(transaction, row)) told.add(agent)
  return { state: end, told: [...told] }
}

async function rejectionOf(
  transaction: DatabaseTransaction,
  { app, digest }: DeploymentRow,
): Promise<ReportedError | undefined> {
  const rejected = await findRejected(transaction, app, digest)
  if (rejected === undefined) return undefined
  const message = `the release was rejected: ${rejected.reason}`
  return { code: 'quarantined', message, hint: 'see `sluice rejected`' }
}

interface Start {
  readonly row: DeploymentRow
  readonly hosts: readonly StoredDeploymentHost[]
  readonly stop: ReportedError | null
}

interface Course {
  readonly actions: readonly Action[]
  readonly hosts: readonly HostFacts[]
  /** By phase: whoever was told something else later hears only that. */
  readonly told: ReadonlyMap<NonNullable<Action['tell']>, readonly string[]>
}

/** All steps that follow from each other, before any of them is written. */
function plotCourse({ row, hosts: stored, stop }: Start, decide: Decider): Course {
  const actions: Action[] = []
  const last = new Map<string, NonNullable<Action['tell']>>()
  let state = row.state as DeploymentState
  let deadline = row.deadline
  let hosts = stored.map(factsOf)
  for (let step = 0; step < mostSteps; step++) {
    const action = decide({ state, createdAt: row.created_at, deadline, stop }, hosts)
    if (action === undefined) break
    actions.push(action)
    state = action.to
    deadline = action.deadline
    hosts = hosts.map((host) => ({ ...host, owed: action.owed.get(host.agent) ?? host.owed }))
    const { tell } = action
    if (tell !== undefined) action.told.forEach((agent) => last.set(agent, tell))
  }
  const told = Map.groupBy(last.keys(), (agent) => last.get(agent) ?? 'back')
  return { actions, hosts, told }
}

/** A host is heard by its reports too: polls are noted now and then only. */
function factsOf(host: StoredDeploymentHost): HostFacts {
  const { agent, name, owed, error, seenAt, changedAt } = host
  const state: HostDeploymentState = host.state
  const reportedAt = state === 'waiting' ? null : changedAt
  const heardAt = seenAt === null ? reportedAt : Math.max(seenAt, reportedAt ?? 0)
  return { agent, name, state, owed, heardAt, error }
}

async function writeHosts(
  transaction: DatabaseTransaction,
  deployment: string,
  { before, after }: { before: readonly StoredDeploymentHost[]; after: readonly HostFacts[] },
): Promise<void> {
  const changed = after.filter(({ owed }, index) => owed !== before[index]?.owed)
  for (const owed of [true, false]) {
    const agents = changed.filter((host) => host.owed === owed).map(({ agent }) => agent)
    for (const some of chunks(agents))
      await transaction
        .updateTable('deployment_hosts')
        .set({ owed: owed ? 1 : 0 })
        .where('deployment', '=', deployment)
        .where('agent', 'in', some)
        .execute()
  }
}

/** Answers the state it has come to. */
async function writeDeployment(
  transaction: DatabaseTransaction,
  row: DeploymentRow,
  { course: { actions, hosts }, at }: { readonly course: Course; readonly at: number },
): Promise<DeploymentState> {
  const pen = openPen(transaction, {
    deployment: row.id,
    events: row.events,
    bytes: row.event_bytes,
    at,
  })
  let state = row.state as DeploymentState
  for (const { to, error } of actions) {
    if (to === state) continue
    pen.write(null, { kind: 'deployment', state: to, ...(error === null ? {} : { error }) })
    state = to
  }
  await pen.flush()
  const last = actions.at(-1)
  const error = actions.findLast((action) => action.error !== null)?.error ?? errorOf(row.error)
  const commits = actions.some(({ to }) => to === 'committed') && row.committed_at === null
  if (commits) await settleDebts(transaction, row, hosts)
  await transaction
    .updateTable('deployments')
    .set({
      state,
      changed_at: state === row.state ? row.changed_at : at,
      deadline: last?.deadline ?? null,
      error: error === null ? null : JSON.stringify(error),
      ...(commits ? { committed_at: at } : {}),
      ...(isFinished(state) ? { finished_at: at } : {}),
    })
    .where('id', '=', row.id)
    .execute()
  return state
}

/** What was committed before is owed to nobody here any more: this takes its place. */
async function settleDebts(
  transaction: DatabaseTransaction,
  { id, app }: DeploymentRow,
  hosts: readonly HostFacts[],
): Promise<void> {
  const ofApp = transaction.selectFrom('deployments').select('id').where('app', '=', app)
  for (const some of chunks(hosts.map(({ agent }) => agent)))
    await transaction
      .updateTable('deployment_hosts')
      .set({ owed: 0 })
      .where('owed', '=', 1)
      .where('agent', 'in', some)
      .where('deployment', '<>', id)
      .where('deployment', 'in', ofApp)
      .execute()
}
