import assert from 'node:assert/strict'

import type {
  AppDesire,
  DesiredState,
  HostDeploymentState,
  HostReportBody,
} from '../../src/protocol/index.ts'
import { joinAgent, type AgentUnderTest } from './agent-under-test.ts'
import type { ServerUnderTest } from './control-server.ts'
import { waitUntil } from './wait-until.ts'

/** An agent and its host as the server sees them: it polls and reports over HTTP, and does what it is told to. */
export interface FleetAgent {
  readonly agent: AgentUnderTest
  /** What it has been told last. */
  desired(): DesiredState | undefined
  /** Asks once for what is beyond what it has, for up to `wait` seconds. */
  poll(wait?: number): Promise<DesiredState | undefined>
  report(body: HostReportBody): Promise<void>
  /** Polls until its app is desired like that. */
  until(isIt: (desire: AppDesire) => boolean): Promise<AppDesire>
  come(state: HostDeploymentState, more?: object): Promise<void>
  /** Does all that is asked of it until it has come to `end`, as a host with nothing wrong. */
  follow(end: 'committed' | 'undone'): Promise<void>
}

/** Joins an agent with labels to a server with `origin: https://agents.test`. */
export async function fleetAgent(
  under: ServerUnderTest,
  name: string,
  labels: Readonly<Record<string, string>> = { app: 'shop', env: 'production' },
): Promise<FleetAgent> {
  const agent = await joinAgent(under, { name, labels })
  let desired: DesiredState | undefined
  let number = 0

  async function poll(wait = 5): Promise<DesiredState | undefined> {
    const have = { epoch: desired?.epoch ?? null, revision: desired?.revision ?? 0 }
    const answer = await under.ask(agent.session, 'POST', '/v1/agent/poll', { ...have, wait })
    assert.equal(answer.status, 200, answer.text)
    const news = answer.body['desired'] as DesiredState | undefined
    desired = news ?? desired
    return news
  }
  async function report(body: HostReportBody): Promise<void> {
    number += 1
    const reports = [{ number, at: Date.now(), body }]
    const answer = await under.ask(agent.session, 'POST', '/v1/agent/reports', { reports })
    assert.deepEqual([answer.status, answer.body['upTo']], [200, number], answer.text)
  }
  async function until(isIt: (desire: AppDesire) => boolean): Promise<AppDesire> {
    for (let tries = 0; tries < 30; tries++) {
      const found = desired?.apps.find(isIt)
      if (found !== undefined) return found
      await poll()
    }
    assert.fail(`${name} waits in vain: ${JSON.stringify(desired?.apps)}`)
  }
  async function come(state: HostDeploymentState, more: object = {}): Promise<void> {
    const { deployment, app, generation } = await until(() => true)
    await report({ kind: 'deployment-state', deployment, app, generation, state, ...more })
  }
  async function follow(end: 'committed' | 'undone'): Promise<void> {
    const steps = {
      prepare: 'ready',
      switch: 'switched',
      commit: 'committed',
      back: 'undone',
    } as const
    let done: string | undefined
    for (;;) {
      const { phase } = await until((desire) => desire.phase !== done)
      await come(steps[phase])
      if (steps[phase] === end) return
      done = phase
    }
  }
  await poll(0)
  // From now on deployments wait for it.
  await waitUntil(async () => {
    const { body } = await under.ask(under.admin, 'GET', '/v1/fleet')
    const hosts = body['hosts'] as readonly { readonly agent: string; readonly seen: unknown }[]
    return hosts.some((host) => host.agent === agent.id && host.seen !== null)
  })
  return { agent, desired: () => desired, poll, report, until, come, follow }
}
