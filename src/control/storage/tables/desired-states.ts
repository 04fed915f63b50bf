import type { AppDesire, DeploymentPhase, WantedRelease } from '../../../protocol/index.ts'
import type { DatabaseTransaction } from '../database.ts'
import type { StoredDesires } from '../desire-records.ts'
import { chunks, endpointsOf } from './deployment-rows.ts'
import { openScripts } from './script-runs.ts'

/** All that these agents' hosts are to do: a handful of queries, however many they are. */
export async function readDesires(
  transaction: DatabaseTransaction,
  agents: readonly string[],
): Promise<ReadonlyMap<string, StoredDesires>> {
  const states = new Map<string, StoredDesires>()
  for (const some of chunks(agents)) {
    // The revision first: what changes meanwhile has a later one, and is asked for again.
    const revisions = await transaction
      .selectFrom('agents')
      .select(['id', 'revision'])
      .where('id', 'in', some)
      .execute()
    const apps = Map.groupBy(await readApps(transaction, some), ({ agent }) => agent)
    const rejected = await readRejected(transaction, [...apps.values()].flat())
    const scripts = await openScripts(transaction, some)
    for (const { id, revision } of revisions) {
      const desired = (apps.get(id) ?? []).map(({ desire }) => desire)
      const ofApps = desired.flatMap(({ app }) => rejected.get(app) ?? [])
      states.set(id, {
        revision,
        apps: desired.slice(0, 500),
        rejected: ofApps.slice(0, 5000),
        scripts: (scripts.get(id) ?? []).slice(0, 500),
      })
    }
  }
  return states
}

interface AgentDesire {
  readonly agent: string
  readonly desire: AppDesire
}

async function readApps(
  transaction: DatabaseTransaction,
  agents: readonly string[],
): Promise<AgentDesire[]> {
  const rows = await transaction
    .selectFrom('desires')
    .innerJoin('deployments', 'deployments.id', 'desires.deployment')
    .innerJoin('releases', 'releases.digest', 'deployments.digest')
    .selectAll('desires')
    .select(['deployments.requested_by as by', 'deployments.source as source', 'endpoints'])
    .select(['releases.name', 'version', 'releases.digest', 'size', 'file'])
    .select(['statement', 'signatures'])
    .where('desires.agent', 'in', agents)
    .orderBy('desires.app')
    .execute()
  return rows.map((row) => ({ agent: row.agent, desire: desireOf(row) }))
}

interface JoinedDesire {
  readonly app: string
  readonly generation: number
  readonly deployment: string
  readonly phase: string
  readonly hold_released_at: number | null
  readonly by: string
  readonly source: string
  readonly endpoints: string | null
  readonly name: string
  readonly version: string
  readonly digest: string
  readonly size: number
  readonly file: string
  readonly statement: string | null
  readonly signatures: string | null
}

function desireOf(row: JoinedDesire): AppDesire {
  const { app, generation, deployment, hold_released_at } = row
  const endpoints = endpointsOf(row.endpoints)
  return {
    app,
    generation,
    deployment,
    by: `${row.source} ${row.by}`,
    release: releaseOf(row),
    ...(endpoints === null ? {} : { endpoints }),
    phase: row.phase as DeploymentPhase,
    ...(hold_released_at === null ? {} : { holdReleasedAt: hold_released_at }),
  }
}

function releaseOf(row: JoinedDesire): WantedRelease {
  const { name, version, digest, size, file, statement, signatures } = row
  const isSigned = statement !== null && signatures !== null
  return {
    name,
    version,
    digest,
    size,
    file,
    ...(isSigned ? { signed: { statement, signatures } } : {}),
  }
}

async function readRejected(transaction: DatabaseTransaction, desires: readonly AgentDesire[]) {
  const apps = [...new Set(desires.map(({ desire }) => desire.app))]
  const rejected = []
  for (const some of chunks(apps)) {
    const query = transaction.selectFrom('rejected_releases').selectAll().where('app', 'in', some)
    rejected.push(...(await query.orderBy('rejected_at', 'desc').execute()))
  }
  const told = rejected.map(({ app, digest, version, reason, rejected_by, rejected_at }) => ({
    app,
    digest,
    version,
    reason,
    by: rejected_by,
    at: rejected_at,
  }))
  return Map.groupBy(told, ({ app }) => app)
}
