import { sql } from 'kysely'

import { unfinishedStates } from '../../../protocol/index.ts'
import type { Database, DatabaseTransaction } from '../database.ts'
import type { DeploymentRange, DeploymentRecords, StoredDeployment } from '../deployment-records.ts'
import { advanceDeployment } from './advance-deployment.ts'
import { createDeployment } from './create-deployment.ts'
import { listDeploymentEvents } from './deployment-events.ts'
import { deploymentOf, readHosts, selectDeployments } from './deployment-rows.ts'

export function openDeploymentRecords(database: Database): DeploymentRecords {
  return {
    create: (request, decide) =>
      database.transaction((transaction) =>
        createDeployment(database, transaction, { request, decide }),
      ),
    advance: (id, options) =>
      database.transaction((transaction) =>
        advanceDeployment(database, transaction, { id, ...options }),
      ),
    find: (id) =>
      database.transaction(async (transaction) => {
        const query = selectDeployments(transaction).where('id', '=', id)
        const row = await query.executeTakeFirst()
        return row === undefined ? undefined : deploymentOf(row)
      }),
    hosts: (id) => database.transaction((transaction) => readHosts(transaction, id)),
    list: (range) => database.transaction((transaction) => listNewest(transaction, range)),
    unfinished: (limit) =>
      database.transaction(async (transaction) => {
        const query = transaction.selectFrom('deployments').select('id')
        const open = query.where('state', 'in', unfinishedStates).orderBy('created_at')
        return (await open.limit(limit).execute()).map(({ id }) => id)
      }),
    events: (id, range) =>
      database.transaction((transaction) => listDeploymentEvents(transaction, id, range)),
    prune: (before, limit) =>
      database.transaction((transaction) => pruneDeployments(transaction, before, limit)),
  }
}

async function listNewest(
  transaction: DatabaseTransaction,
  { app, before, limit }: DeploymentRange,
): Promise<StoredDeployment[]> {
  let query = selectDeployments(transaction)
  if (app !== undefined) query = query.where('app', '=', app)
  if (before !== undefined) {
    const { createdAt, id } = before
    query = query.where(sql<boolean>`(created_at, id) < (${createdAt}, ${id})`)
  }
  const newest = query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit)
  return (await newest.execute()).map(deploymentOf)
}

/** What hosts are desired to be, and what they are owed, stays however old it is. */
async function pruneDeployments(
  transaction: DatabaseTransaction,
  before: { readonly events: number; readonly deployments: number },
  limit: number,
): Promise<number> {
  const events = await sql`delete from deployment_events where (deployment, number) in (
    select event.deployment, event.number from deployments
    join deployment_events event on event.deployment = deployments.id
    where deployments.finished_at < ${before.events} limit ${limit})`.execute(transaction)
  const { rows } = await sql<{ readonly id: string }>`select id from deployments
    where finished_at < ${before.deployments}
    and not exists (select 1 from desires where desires.deployment = deployments.id)
    and not exists (select 1 from deployment_events where deployment_events.deployment = deployments.id)
    and not exists (select 1 from deployment_hosts where deployment_hosts.deployment = deployments.id and owed = 1)
    limit 50`.execute(transaction)
  const ids = rows.map(({ id }) => id)
  if (ids.length > 0) {
    await transaction.deleteFrom('deployment_hosts').where('deployment', 'in', ids).execute()
    await transaction.deleteFrom('deployments').where('id', 'in', ids).execute()
  }
  return Number(events.numAffectedRows ?? 0n) + ids.length
}
