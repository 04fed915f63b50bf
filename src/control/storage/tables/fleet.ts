import type { ObservedApp } from '../../../protocol/index.ts'
import type { DatabaseTransaction } from '../database.ts'
import type { Selector } from '../deployment-records.ts'
import type { FleetApp, FleetHost } from '../desire-records.ts'
import type { AgentRow } from './table-types.ts'

/** What is desired of hosts beside how they stand, by name. */
export async function readFleet(
  transaction: DatabaseTransaction,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<FleetHost[]> {
  const query = transaction.selectFrom('agents').selectAll().where('name', '>', after)
  const agents = await query.orderBy('name').limit(limit).execute()
  if (agents.length === 0) return []
  const desired = await readDesired(
    transaction,
    agents.map(({ id }) => id),
  )
  const byAgent = Map.groupBy(desired, ({ agent }) => agent)
  return agents.map((agent) => hostOf(agent, byAgent.get(agent.id) ?? []))
}

interface DesiredApp {
  readonly agent: string
  readonly app: string
  readonly generation: number
  readonly deployment: string
  readonly phase: string
  readonly digest: string
  readonly version: string | null
  readonly state: string | null
  readonly owed: number | null
}

async function readDesired(
  transaction: DatabaseTransaction,
  agents: readonly string[],
): Promise<DesiredApp[]> {
  return await transaction
    .selectFrom('desires')
    .innerJoin('deployments', 'deployments.id', 'desires.deployment')
    .leftJoin('releases', 'releases.digest', 'deployments.digest')
    .leftJoin('deployment_hosts as host', (join) =>
      join
        .onRef('host.deployment', '=', 'desires.deployment')
        .onRef('host.agent', '=', 'desires.agent'),
    )
    .select(['desires.agent', 'desires.app', 'desires.generation', 'desires.deployment'])
    .select(['desires.phase', 'deployments.digest', 'releases.version', 'host.state', 'host.owed'])
    .where('desires.agent', 'in', agents)
    .orderBy('desires.app')
    .execute()
}

function hostOf(row: AgentRow, desired: readonly DesiredApp[]): FleetHost {
  const observed = observedOf(row.observed)
  const names = new Set([...desired, ...observed].map(({ app }) => app))
  return {
    agent: row.id,
    name: row.name,
    state: row.state,
    labels: JSON.parse(row.labels) as Selector,
    seenAt: row.seen_at,
    observedAt: row.observed_at,
    apps: [...names].map((app) =>
      appOf(
        app,
        desired.find((each) => each.app === app),
        observed.find((each) => each.app === app),
      ),
    ),
  }
}

function observedOf(text: string | null): readonly ObservedApp[] {
  return text === null ? [] : (JSON.parse(text) as { apps: ObservedApp[] }).apps
}

function appOf(
  app: string,
  desired: DesiredApp | undefined,
  observed: ObservedApp | undefined,
): FleetApp {
  return {
    app,
    ...(desired === undefined ? {} : { desired: desiredOf(desired) }),
    ...(observed === undefined ? {} : { actual: actualOf(observed) }),
  }
}

function desiredOf(row: DesiredApp) {
  const { deployment, digest, generation, phase } = row
  const [version, state] = [row.version ?? '', row.state ?? 'waiting']
  return { deployment, version, digest, generation, phase, state, owed: row.owed === 1 }
}

function actualOf({ generation, current, drifted, hold }: ObservedApp) {
  return {
    generation,
    drifted,
    ...(current === undefined ? {} : { version: current.version, digest: current.digest }),
    ...(hold === undefined ? {} : { heldBy: hold.by, heldSince: hold.at }),
  }
}
