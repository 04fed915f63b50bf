import { sql } from 'kysely'

import type { ObservedApp } from '../../../protocol/index.ts'
import type { Database } from '../database.ts'
import type { FigureRecords, Figures } from '../figure-records.ts'

type Query = Database['query']

export function openFigureRecords({ query }: Database): FigureRecords {
  return { read: async () => ({ ...(await countFleet(query)), ...(await countParts(query)) }) }
}

type FleetFigures = Pick<
  Figures,
  'agentsByState' | 'deploymentsByState' | 'raisesByTrigger' | 'appsDrifted' | 'appsHeld'
>

async function countFleet(query: Query): Promise<FleetFigures> {
  const agents = await query
    .selectFrom('agents')
    .select(['state as name', sql<number>`count(*)`.as('count')])
    .groupBy('state')
    .execute()
  const deployments = await query
    .selectFrom('deployments')
    .select(['state as name', sql<number>`count(*)`.as('count')])
    .groupBy('state')
    .execute()
  const raises = await query.selectFrom('triggers').select(['name', 'sequence as count']).execute()
  const observed = await query
    .selectFrom('agents')
    .select('observed')
    .where('observed', 'is not', null)
    .execute()
  const apps = observed.flatMap(({ observed: text }) => appsOf(text ?? '{"apps":[]}'))
  return {
    agentsByState: counted(agents),
    deploymentsByState: counted(deployments),
    raisesByTrigger: counted(raises),
    appsDrifted: apps.filter(({ drifted }) => drifted.length > 0).length,
    appsHeld: apps.filter(({ hold }) => hold !== undefined).length,
  }
}

async function countParts(query: Query): Promise<Omit<Figures, keyof FleetFigures>> {
  const time = await query
    .selectFrom('deployments')
    .select([sql<number>`count(*)`.as('count')])
    .select(
      sql<number>`cast(coalesce(sum(finished_at - created_at), 0) as bigint)`.as('milliseconds'),
    )
    .where('finished_at', 'is not', null)
    .executeTakeFirstOrThrow()
  const hosts = await query
    .selectFrom('desires')
    .innerJoin('deployment_hosts as host', (join) =>
      join
        .onRef('host.deployment', '=', 'desires.deployment')
        .onRef('host.agent', '=', 'desires.agent'),
    )
    .select(['host.state as name', sql<number>`count(*)`.as('count')])
    .select(sql<number>`cast(coalesce(sum(host.owed), 0) as bigint)`.as('owed'))
    .groupBy('host.state')
    .execute()
  const back = await query
    .selectFrom('deployment_hosts')
    .select(sql<number>`count(*)`.as('count'))
    .where('state', 'in', ['undone', 'failed'])
    .executeTakeFirstOrThrow()
  return {
    deploymentTime: { count: time.count, seconds: time.milliseconds / 1000 },
    hostsByState: counted(hosts),
    hostsOwed: hosts.reduce((sum, { owed }) => sum + owed, 0),
    partsBack: back.count,
  }
}

function counted(
  rows: readonly { readonly name: string; readonly count: number }[],
): Record<string, number> {
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]))
}

function appsOf(text: string): readonly ObservedApp[] {
  return (JSON.parse(text) as { readonly apps: readonly ObservedApp[] }).apps
}
