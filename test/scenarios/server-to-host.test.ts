import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { systemClock } from '../../src/system/index.ts'
import { freePort } from '../support/free-port.ts'
import { writePolicy } from '../support/host-service.ts'
import { createMachine } from '../support/machine.ts'
import { waitUntil } from '../support/wait-until.ts'

// The whole way: a release is published to the server and comes to live traffic on a host through agent and host, all of
// them the built file.

interface Way {
  /** Asks the server as a deployer. */
  deploy(version: string): Promise<Record<string, unknown>>
  /** The one that was started last. */
  readonly agent: ChildProcess
  startAgent(): void
  version(): Promise<unknown>
}

async function openWay(t: TestContext): Promise<Way> {
  const machine = await createMachine(t)
  const [{ folder }, url] = [machine, `https://127.0.0.1:${await freePort()}`]
  const listen = { port: Number(new URL(url).port) }
  writeFileSync(join(folder, 'server.yaml'), JSON.stringify({ state: 'state', listen }))
  machine.start('server', '--config', 'server.yaml', '--admin-token-file', 'admin.token')
  await waitUntil(() => existsSync(join(folder, 'admin.token')), 'the server')
  const by = (token: string) => [
    ...['--server', url, '--token-file', token],
    ...['--identity-file', 'state/identity.pub'],
  ]
  await machine.json(
    'tokens',
    'create',
    'deployer:shop/prod',
    '--output',
    'ci.token',
    ...by('admin.token'),
  )
  const labels = ['--labels', 'app=shop,env=prod', '--output', 'join.token']
  await machine.json('join-token', ...labels, ...by('admin.token'))
  const enrol = ['agent', 'enrol', url, '--token-file', 'join.token', '--state', 'agent']
  await machine.json(...enrol, '--name', 'web-1')
  writePolicy(join(folder, 'policy.yaml'), { apps: { shop: {} } })
  const start = (): ChildProcess =>
    machine.start('agent', '--state', 'agent', '--host-socket', 'run/host.sock')
  machine.start('host', 'serve', '--policy', 'policy.yaml')
  let agent = start()
  return {
    get agent() {
      return agent
    },
    startAgent: () => {
      agent = start()
    },
    deploy: async (version) => {
      const archive = await machine.pack({ version })
      await machine.json('publish', archive, ...by('ci.token'))
      const words = ['deploy', `shop@${version}`, '--to', 'app=shop,env=prod', ...by('ci.token')]
      return await machine.json(...words)
    },
    version: async () => {
      const { status, body } = await machine.get('/')
      return status === 200 ? (JSON.parse(body) as { version: string }).version : status
    },
  }
}

test('a release goes from a build to live traffic through server, agent and host', async (t) => {
  const way = await openWay(t)
  const first = await way.deploy('1.0.0')
  assert.equal(first['state'], 'succeeded', JSON.stringify(first))
  assert.equal(await way.version(), '1.0.0')
  const second = await way.deploy('1.1.0')
  assert.equal(second['state'], 'succeeded', JSON.stringify(second))
  assert.equal(await way.version(), '1.1.0')
})

test('an agent that is killed again and again in a deployment carries it to its end all the same', async (t) => {
  const way = await openWay(t)
  await way.deploy('1.0.0')
  const stopping = new AbortController()
  const killing = keepKilling(way, stopping.signal)
  const ended = await way.deploy('1.1.0').finally(() => stopping.abort())
  assert.equal(ended['state'], 'succeeded', JSON.stringify(ended))
  assert.equal(await way.version(), '1.1.0')
  assert.ok((await killing) > 0)
})

/** Kills the agent and starts another, at any moment of its start and its work; answers how often. */
async function keepKilling(way: Way, signal: AbortSignal): Promise<number> {
  let kills = 0
  while (!signal.aborted) {
    await systemClock.sleep(200 + Math.random() * 600)
    way.agent.kill('SIGKILL')
    await once(way.agent, 'exit')
    way.startAgent()
    kills += 1
  }
  return kills
}
