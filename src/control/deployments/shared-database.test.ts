import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import {
  addFleet,
  deploymentsOver,
  hostOver,
  production,
} from '../../../test/support/fleet-records.ts'
import { startPostgres, type PrivatePostgres } from '../../../test/support/private-postgres.ts'
import { toolOrSkip } from '../../../test/support/tools.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Storage } from '../storage/storage.ts'
import type { Deployments } from './deployments.ts'

// Servers that share a PostgreSQL: any of them may be gone at any moment, and so may the database.

interface Server {
  readonly storage: Storage
  readonly deployments: Deployments
  close(): Promise<void>
}

async function openPostgres(t: TestContext): Promise<PrivatePostgres | undefined> {
  const program = await toolOrSkip(t, 'postgres')
  return program === undefined ? undefined : await startPostgres(t, program)
}

async function openServers(t: TestContext, postgres: PrivatePostgres): Promise<[Server, Server]> {
  const url = await postgres.createDatabase()
  const one = async (): Promise<Server> => {
    const storage = await openStorage({ kind: 'postgres', url })
    const deployments = deploymentsOver(t, storage, { lookEvery: 50 })
    let closing: Promise<void> | undefined
    const close = (): Promise<void> => (closing ??= deployments.close().then(() => storage.close()))
    afterwards(t, close)
    return { storage, deployments, close }
  }
  return [await one(), await one()]
}

test('a server that is gone in the middle of a deployment is missed by nobody', async (t) => {
  const postgres = await openPostgres(t)
  if (postgres === undefined) return
  const [gone, left] = await openServers(t, postgres)
  await addFleet(gone.storage, ['a', 'b'])
  const { id } = (await gone.deployments.request(production)).deployment
  const hosts = ['a', 'b'].map((agent) => hostOver({ deployments: gone.deployments, agent }))
  await hosts[0]?.come('ready')
  const state = { deployment: id, app: 'shop', generation: 1, state: 'ready' } as const
  const report = { number: 1, at: 1, body: { kind: 'deployment-state', ...state } } as const
  // The last thing it does: the report counts, and what follows from it was not looked at.
  await gone.storage.desires.takeReports('b', [report], Date.now())
  await gone.close()
  const stateNow = async () => (await left.storage.deployments.find(id))?.state
  await waitUntil(async () => (await stateNow()) === 'switching')
  for (const [number, come] of [
    [2, 'switched'],
    [3, 'committed'],
  ] as const)
    for (const agent of ['a', 'b']) {
      const body = { ...report.body, state: come }
      await left.deployments.takeReports(agent, [{ ...report, number, body }])
    }
  await waitUntil(async () => (await stateNow()) === 'succeeded')
})

const fleets = ['e1', 'e2', 'e3', 'e4', 'e5', 'e6']

test('a database that is killed under deployments changes no outcome, and none comes twice', async (t) => {
  const postgres = await openPostgres(t)
  if (postgres === undefined) return
  const servers = await openServers(t, postgres)
  const [{ storage }] = servers
  for (const env of fleets) await addFleet(storage, [`${env}-a`, `${env}-b`], env)
  let rounds = 0
  let isOver = false
  const running = fleets.map(async (env, index) => {
    const server = servers[index % 2] ?? servers[0]
    for (let round = 0; !isOver; round++) {
      await deployOnce(server, { env, key: `${env}-${round}`, fails: round % 3 === 2 })
      rounds += 1
    }
  })
  try {
    for (let kills = 0; kills < 3; kills++) {
      const before = rounds
      await waitUntil(() => rounds > before + 4, 'deployments')
      await postgres.kill()
      await postgres.start()
    }
  } finally {
    isOver = true
    await Promise.all(running)
  }
  const listed = await storage.deployments.list({ limit: 1000 })
  assert.equal(listed.length, rounds)
  for (const { id, state, requestedBy } of listed) {
    assert.equal(state, requestedBy.endsWith('fails') ? 'undone' : 'succeeded', id)
    const events = await storage.deployments.events(id, { after: 0, limit: 500 })
    const states = events.flatMap(({ content }) =>
      content.kind === 'deployment' ? [content.state] : [],
    )
    assert.equal(new Set(states).size, states.length, states.join(' '))
  }
})

/** One deployment to an environment, with hosts that repeat what was not acknowledged. */
async function deployOnce(
  { deployments, storage }: Server,
  { env, key, fails }: { readonly env: string; readonly key: string; readonly fails: boolean },
): Promise<void> {
  const by = fails ? 'fails' : 'works'
  const request = { ...production, to: { env }, key, by }
  const { deployment } = await insist(() => deployments.request(request))
  const agents = [`${env}-a`, `${env}-b`]
  const steps = fails ? (['undone'] as const) : (['ready', 'switched', 'committed'] as const)
  for (const state of steps)
    for (const agent of agents) {
      const desired = await insist(() => deployments.desiredOf(agent))
      const { reported = 0 } = (await insist(() => storage.agents.find(agent))) ?? {}
      const generation = desired?.apps[0]?.generation ?? 0
      const body = { kind: 'deployment-state', app: 'shop', generation, state } as const
      const report = { number: reported + 1, at: 1, body: { ...body, deployment: deployment.id } }
      await insist(() => deployments.takeReports(agent, [report]))
    }
  const end = fails ? 'undone' : 'succeeded'
  await waitUntil(
    async () => (await insist(() => storage.deployments.find(deployment.id)))?.state === end,
    `${key} to be ${end}`,
  )
}

/** Again and again while the database is away. */
async function insist<Result>(work: () => Promise<Result>): Promise<Result> {
  let result: { readonly value: Result } | undefined
  await waitUntil(async () => {
    result = await work().then(
      (value) => ({ value }),
      (thrown: unknown) => {
        assert.ok(
          thrown instanceof Error && 'retryable' in thrown && thrown.retryable,
          String(thrown),
        )
        return undefined
      },
    )
    return result !== undefined
  })
  assert.ok(result !== undefined)
  return result.value
}
