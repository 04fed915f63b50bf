import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'

import type { Storage } from '../../src/control/index.ts'
import { openDeployments } from '../../src/control/deployments/open-deployments.ts'
import type { DeploymentLimits } from '../../src/control/deployments/next-action.ts'
import type { Deployments } from '../../src/control/deployments/deployments.ts'
import type { HostDeploymentState, HostReportBody } from '../../src/protocol/index.ts'
import { randomText, systemClock, type Clock } from '../../src/system/index.ts'
import { afterwards } from './afterwards.ts'

export const usualLimits: DeploymentLimits = {
  silentAfter: 60_000,
  reach: 600_000,
  prepare: 600_000,
  switch: 600_000,
  commit: 600_000,
  back: 600_000,
}

/** Makes agents `a`, `b`, … of app shop and an environment that are reached just now, with releases 1.0 and 2.0 of it. */
export async function addFleet(
  storage: Storage,
  agents: readonly string[],
  env = 'prod',
): Promise<void> {
  const at = systemClock.now()
  const [hash, labels] = ['f'.repeat(64), { app: 'shop', env }]
  const times = { createdAt: at, createdBy: 'me', expiresAt: at + 600_000 }
  await storage.joinTokens.add({ id: env, hash, labels, usesLeft: 1000, ...times })
  for (const id of agents) {
    const token = { id: env, hash }
    const made = await storage.agents.enrol({ token, id, name: id, publicKey: `key-${id}`, at })
    assert.equal(made.kind, 'enrolled')
  }
  await storage.agents.noteSeen(agents, at)
  for (const [index, version] of ['1.0', '2.0'].entries()) {
    const release = { digest: digestOf(version), name: 'shop', version, size: 10 }
    const file = `shop-${version}.zip`
    const published = { publishedAt: at + index, publishedBy: 'me', signed: null }
    await storage.releases.add({ ...release, file, ...published })
  }
}

export function digestOf(version: string): string {
  return version.replaceAll(/\D/g, '').padEnd(64, '0')
}

/** Deployments over a storage until the test ends, without looks of their own unless told. */
export function deploymentsOver(
  t: Pick<TestContext, 'after'>,
  storage: Storage,
  {
    clock = systemClock,
    limits = usualLimits,
    lookEvery = 600_000,
    onFinished = () => undefined,
  }: {
    readonly clock?: Clock
    readonly limits?: DeploymentLimits
    readonly lookEvery?: number
    readonly onFinished?: () => void
  } = {},
): Deployments {
  const deployments = openDeployments({ storage, clock, randomText, limits, lookEvery, onFinished })
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= deployments.close())
  afterwards(t, close)
  return { ...deployments, close }
}

export const production = { app: 'shop', release: 'latest', to: { env: 'prod' }, by: 'me' } as const

/** A host that reports by hand, with numbers of its own. */
export function hostOver({ deployments, agent }: { deployments: Deployments; agent: string }) {
  let number = 0
  async function report(body: HostReportBody): Promise<number | undefined> {
    number += 1
    return await deployments.takeReports(agent, [{ number, at: 1, body }])
  }
  async function desired(app = 'shop') {
    const state = await deployments.desiredOf(agent)
    return state?.apps.find((each) => each.app === app)
  }
  return {
    report,
    desired,
    phase: async () => (await desired())?.phase,
    /** Reports a state of what is desired now. */
    come: async (state: HostDeploymentState, more: object = {}) => {
      const wanted = await desired()
      assert.ok(wanted !== undefined)
      const { deployment, app, generation } = wanted
      return await report({ kind: 'deployment-state', deployment, app, generation, state, ...more })
    },
  }
}
