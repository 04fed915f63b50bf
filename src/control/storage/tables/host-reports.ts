import {
  nextHostStates,
  type HostDeploymentState,
  type HostReport,
  type HostReportBody,
} from '../../../protocol/index.ts'
import type { Database, DatabaseTransaction } from '../database.ts'
import type { TakenReports } from '../desire-records.ts'
import { countReports, lastReported, newReports } from './agent-reports.ts'
import { bumpRevisions } from './agents.ts'
import { openPen, type EventPen } from './deployment-events.ts'
import { chunks } from './deployment-rows.ts'
import type { DeploymentHostRow, DeploymentRow } from './fleet-rows.ts'
import { agentsOf, rejectRelease } from './rejected-releases.ts'
import { moveRun, writeRunEvent } from './script-runs.ts'

export interface ReportsOfHost {
  readonly agent: string
  readonly reports: readonly HostReport[]
  /** When they came. */
  readonly at: number
}

/** Counts reports once, in their order, with all that follows from them for this host. */
export async function takeHostReports(
  database: Database,
  transaction: DatabaseTransaction,
  { agent, reports, at }: ReportsOfHost,
): Promise<TakenReports | undefined> {
  // Deployments before agents, and each in order: so does whoever advances them, and nobody waits in a ring.
  const deployments = await lockDeployments(database, transaction, { agent, reports, at })
  const reported = await lastReported(transaction, agent)
  if (reported === undefined) return undefined
  const fresh = newReports(reports, reported)
  const taking: Taking = { transaction, agent, at, deployments, rejected: [], bumped: new Set() }
  const alarms: { code: string; message: string }[] = []
  for (const { body } of fresh) {
    if (body.kind === 'alarm') alarms.push({ code: body.code, message: body.message })
    else await takeOne(taking, body)
  }
  const moved: string[] = []
  for (const [id, { pen }] of deployments) if (await pen.flush()) moved.push(id)
  const upTo = (await countReports(transaction, agent, fresh)) ?? reported
  await bumpRevisions(transaction, [...taking.bumped])
  return { upTo, deployments: moved, alarms, rejected: taking.rejected }
}

/** A deployment that reports are about, with this host's part of it. */
interface Part {
  readonly row: DeploymentRow
  host: DeploymentHostRow
  readonly pen: EventPen
}

interface Taking {
  readonly transaction: DatabaseTransaction
  readonly agent: string
  readonly at: number
  readonly deployments: ReadonlyMap<string, Part>
  readonly rejected: { app: string; digest: string }[]
  readonly bumped: Set<string>
}

async function lockDeployments(
  { dialect }: Database,
  transaction: DatabaseTransaction,
  { agent, reports, at }: ReportsOfHost,
): Promise<ReadonlyMap<string, Part>> {
  const ids = new Set(
    reports.flatMap(({ body }) => ('deployment' in body ? [body.deployment] : [])),
  )
  const parts = new Map<string, Part>()
  for (const some of chunks([...ids].toSorted())) {
    const query = transaction.selectFrom('deployments').selectAll().where('id', 'in', some)
    const ordered = query.orderBy('id')
    const rows = await (dialect.hasRowLocks ? ordered.forUpdate() : ordered).execute()
    const hosts = await transaction
      .selectFrom('deployment_hosts')
      .selectAll()
      .where('deployment', 'in', some)
      .where('agent', '=', agent)
      .execute()
    for (const host of hosts) {
      const row = rows.find(({ id }) => id === host.deployment)
      if (row === undefined) continue
      const place = { deployment: row.id, events: row.events, bytes: row.event_bytes, at }
      parts.set(row.id, { row, host, pen: openPen(transaction, place) })
    }
  }
  return parts
}

async function takeOne(taking: Taking, body: HostReportBody): Promise<void> {
  const { transaction, agent, at } = taking
  if (body.kind === 'deployment-state') return await takeState(taking, body)
  if (body.kind === 'deployment-event')
    taking.deployments.get(body.deployment)?.pen.write(agent, { kind: 'step', event: body.event })
  if (body.kind === 'script-state' && (await moveRun(transaction, { agent, body, at })))
    taking.bumped.add(agent)
  if (body.kind === 'script-event') await writeRunEvent(transaction, { agent, body, at })
}

type StateReport = Extract<HostReportBody, { kind: 'deployment-state' }>

/** What does not fit is kept as an event: it was said, and has no effect. */
async function takeState(taking: Taking, report: StateReport): Promise<void> {
  const part = taking.deployments.get(report.deployment)
  if (part === undefined) return
  const { state, error } = report
  const event = { kind: 'host', state, ...(error === undefined ? {} : { error }) } as const
  if (!mayFollow(part.host, report)) {
    part.pen.write(taking.agent, { ...event, ignored: true })
    return
  }
  if (part.host.state !== state) part.pen.write(taking.agent, event)
  await writeState(taking, part, report)
  // Only a host on which it has failed can say so.
  if (report.rejects === true && hasFailed.has(state)) await rejectEverywhere(taking, part, report)
}

const hasFailed: ReadonlySet<string> = new Set(['undone', 'failed'])

function mayFollow(host: DeploymentHostRow, { generation, state }: StateReport): boolean {
  if (generation !== host.generation) return false
  const next: readonly string[] = nextHostStates[host.state as HostDeploymentState]
  return state === host.state || next.includes(state)
}

async function writeState(
  { transaction, agent, at }: Taking,
  part: Part,
  { state, error, local, traffic }: StateReport,
): Promise<void> {
  const { host, row } = part
  const change = {
    state,
    changed_at: at,
    owed: isThere(row, state) ? 0 : host.owed,
    error: error === undefined ? null : JSON.stringify(error),
    ...(local === undefined ? {} : { local_deployment: local }),
    ...(traffic === undefined ? {} : { traffic: JSON.stringify(traffic) }),
  }
  const query = transaction.updateTable('deployment_hosts').set(change)
  await query.where('deployment', '=', row.id).where('agent', '=', agent).execute()
  part.host = { ...host, ...change }
}

/** Whether a host that owed something is where the deployment has ended. */
function isThere(row: DeploymentRow, state: HostDeploymentState): boolean {
  if (row.committed_at !== null) return state === 'committed'
  return row.finished_at !== null && (state === 'undone' || state === 'refused')
}

/** The failure is the release's own: no host begins it any more. */
async function rejectEverywhere(taking: Taking, { row }: Part, { error }: StateReport) {
  const { transaction, agent, at } = taking
  const { app, digest } = row
  const query = transaction.selectFrom('releases').select('version').where('digest', '=', digest)
  const version = (await query.executeTakeFirst())?.version ?? 'unknown'
  const by = transaction.selectFrom('agents').select('name').where('id', '=', agent)
  const isNew = await rejectRelease(transaction, {
    app,
    digest,
    version,
    rejected_at: at,
    reason: (error?.message ?? 'it failed').slice(0, 2000),
    rejected_by: `host ${(await by.executeTakeFirst())?.name ?? agent}`,
  })
  if (!isNew) return
  taking.rejected.push({ app, digest })
  for (const each of await agentsOf(transaction, app)) taking.bumped.add(each)
}
