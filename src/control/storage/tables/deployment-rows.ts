import type { ReportedError } from '../../../events/index.ts'
import type {
  DeploymentPhase,
  DeploymentState,
  HostDeploymentState,
} from '../../../protocol/index.ts'
import type { DatabaseTransaction } from '../database.ts'
import type { Selector, StoredDeployment, StoredDeploymentHost } from '../deployment-records.ts'
import type { DeploymentHostRow, DeploymentRow } from './fleet-rows.ts'

/** Values of one statement; databases bound its parameters. */
const largestList = 500

export function chunks<Item>(items: readonly Item[]): Item[][] {
  const count = Math.ceil(items.length / largestList)
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * largestList, (index + 1) * largestList),
  )
}

/** Deployments with the version of their release. */
export function selectDeployments(transaction: DatabaseTransaction) {
  return transaction
    .selectFrom('deployments')
    .leftJoin('releases', 'releases.digest', 'deployments.digest')
    .selectAll('deployments')
    .select('releases.version as version')
}

export function deploymentOf(
  row: DeploymentRow & { readonly version: string | null },
): StoredDeployment {
  const { id, app, digest, source, reason, deadline, events } = row
  return {
    id,
    app,
    digest,
    source,
    reason,
    deadline,
    events,
    version: row.version ?? '',
    selector: JSON.parse(row.selector) as Selector,
    endpoints: endpointsOf(row.endpoints),
    state: row.state as DeploymentState,
    requestedBy: row.requested_by,
    createdAt: row.created_at,
    changedAt: row.changed_at,
    committedAt: row.committed_at,
    finishedAt: row.finished_at,
    error: errorOf(row.error),
  }
}

export function errorOf(text: string | null): ReportedError | null {
  return text === null ? null : (JSON.parse(text) as ReportedError)
}

export function endpointsOf(text: string | null): string[] | null {
  return text === null ? null : (JSON.parse(text) as string[])
}

/** What became of a deployment on each of its hosts, by their names. */
export async function readHosts(
  transaction: DatabaseTransaction,
  deployment: string,
): Promise<StoredDeploymentHost[]> {
  const rows = await transaction
    .selectFrom('deployment_hosts as host')
    .leftJoin('agents', 'agents.id', 'host.agent')
    .leftJoin('desires', (join) =>
      join
        .onRef('desires.agent', '=', 'host.agent')
        .onRef('desires.deployment', '=', 'host.deployment'),
    )
    .selectAll('host')
    .select(['agents.name as name', 'agents.seen_at as seen_at', 'desires.phase as phase'])
    .where('host.deployment', '=', deployment)
    .orderBy('agents.name')
    .orderBy('host.agent')
    .execute()
  return rows.map(hostOf)
}

interface JoinedHost extends DeploymentHostRow {
  readonly name: string | null
  readonly seen_at: number | null
  readonly phase: string | null
}

function hostOf(row: JoinedHost): StoredDeploymentHost {
  const { agent, generation } = row
  return {
    agent,
    generation,
    // An agent that was removed has no name any more.
    name: row.name ?? agent,
    phase: row.phase === null ? undefined : (row.phase as DeploymentPhase),
    state: row.state as HostDeploymentState,
    owed: row.owed === 1,
    local: row.local_deployment,
    error: errorOf(row.error),
    traffic: row.traffic === null ? null : (JSON.parse(row.traffic) as unknown),
    changedAt: row.changed_at,
    seenAt: row.seen_at,
  }
}
