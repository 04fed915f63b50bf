import type { DeploymentPhase } from '../../../protocol/index.ts'
import type { DatabaseTransaction } from '../database.ts'
import { chunks } from './deployment-rows.ts'
import type { DeploymentRow } from './fleet-rows.ts'

export interface NewDesire {
  readonly agent: string
  readonly app: string
  readonly deployment: string
  readonly phase: DeploymentPhase
}

/** Gives each of these a new generation in place of what was desired before; answers the generations by agent. */
export async function desireAnew(
  transaction: DatabaseTransaction,
  desires: readonly NewDesire[],
): Promise<ReadonlyMap<string, number>> {
  const generations = new Map<string, number>()
  for (const some of chunks(desires)) {
    const rows = await transaction
      .insertInto('desires')
      .values(some.map((desire) => ({ ...desire, generation: 1, hold_released_at: null })))
      .onConflict((conflict) =>
        conflict.columns(['agent', 'app']).doUpdateSet((update) => ({
          generation: update('desires.generation', '+', 1),
          deployment: update.ref('excluded.deployment'),
          phase: update.ref('excluded.phase'),
        })),
      )
      .returning(['agent', 'generation'])
      .execute()
    for (const { agent, generation } of rows) generations.set(agent, generation)
  }
  return generations
}

/** Says how far these agents may go, unless another deployment has taken the place of this one there. */
export async function setPhases(
  transaction: DatabaseTransaction,
  {
    deployment,
    phase,
    agents,
  }: {
    readonly deployment: string
    readonly phase: DeploymentPhase
    readonly agents: readonly string[]
  },
): Promise<void> {
  for (const some of chunks(agents))
    await transaction
      .updateTable('desires')
      .set({ phase })
      .where('deployment', '=', deployment)
      .where('agent', 'in', some)
      .execute()
}

/**
 * After a deployment was undone: hosts that are not at what was committed before it, because they are owed that or a person
 * works there, are desired to come there again, under a new generation. Answers which.
 */
export async function desireOwedAgain(
  transaction: DatabaseTransaction,
  undone: Pick<DeploymentRow, 'id' | 'app' | 'committed_at'>,
): Promise<readonly string[]> {
  if (undone.committed_at !== null) return []
  const owed = await transaction
    .selectFrom('desires')
    .innerJoin('deployment_hosts as host', 'host.agent', 'desires.agent')
    .innerJoin('deployments', 'deployments.id', 'host.deployment')
    .innerJoin('deployment_hosts as own', (join) =>
      join
        .onRef('own.agent', '=', 'desires.agent')
        .onRef('own.deployment', '=', 'desires.deployment'),
    )
    .select(['desires.agent as agent', 'deployments.id as deployment'])
    .where('desires.deployment', '=', undone.id)
    .where('desires.app', '=', undone.app)
    .where('deployments.app', '=', undone.app)
    .where('deployments.committed_at', 'is not', null)
    .where((when) => when.or([when('host.owed', '=', 1), when('own.state', '=', 'held')]))
    .orderBy('deployments.committed_at')
    .execute()
  // The last one that was committed for a host counts.
  const newest = new Map(owed.map(({ agent, deployment }) => [agent, deployment]))
  const desires = [...newest].map(([agent, deployment]) => ({
    agent,
    app: undone.app,
    deployment,
    phase: 'commit' as const,
  }))
  const generations = await desireAnew(transaction, desires)
  for (const { agent, deployment } of desires)
    await transaction
      .updateTable('deployment_hosts')
      .set({ generation: generations.get(agent) ?? 0, state: 'waiting', owed: 1 })
      .where('deployment', '=', deployment)
      .where('agent', '=', agent)
      .execute()
  return desires.map(({ agent }) => agent)
}
