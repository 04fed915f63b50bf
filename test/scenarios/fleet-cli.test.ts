import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { childEnvironment, run, type RunResult } from '../../src/system/index.ts'
import { serverUnderTest } from '../support/control-server.ts'
import { fleetAgent, type FleetAgent } from '../support/fleet-agent.ts'
import { publishSample } from '../support/publish-sample.ts'
import { builtProgram } from '../support/tools.ts'

// A deployer at the command line of the built program, and hosts that do what the server says.

const to = 'app=shop,env=production'

interface Desk {
  readonly hosts: readonly FleetAgent[]
  readonly digest: string
  sluice(...words: readonly string[]): Promise<RunResult>
  /** The same with the first admin's token. */
  admin(...words: readonly string[]): Promise<RunResult>
}

async function openDesk(t: TestContext): Promise<Desk> {
  const under = await serverUnderTest(t, { origin: 'https://agents.test' })
  const { server, admin, folder } = under
  const digest = await publishSample(server.url, admin, { folder, name: 'shop' })
  const tokens = { deployer: await under.token('deployer:shop/production'), admin }
  for (const [name, text] of Object.entries(tokens))
    writeFileSync(join(folder, `${name}.token`), `${text}\n`, { mode: 0o600 })
  const hosts = [await fleetAgent(under, 'web-1'), await fleetAgent(under, 'web-2')]
  const runAs =
    (file: string) =>
    async (...words: readonly string[]): Promise<RunResult> => {
      const env = childEnvironment({ SLUICE_SERVER: server.url, SLUICE_TOKEN_FILE: file })
      return await run([builtProgram('sluice'), ...words], { cwd: folder, env, timeout: 60_000 })
    }
  return { hosts, digest, sluice: runAs('deployer.token'), admin: runAs('admin.token') }
}

test('a deploy to many hosts is followed to its end, and its end is the exit status', async (t) => {
  const { hosts, sluice } = await openDesk(t)
  const deploying = sluice('deploy', 'shop', '--to', to)
  await Promise.all(hosts.map((host) => host.follow('committed')))
  const done = await deploying
  assert.equal(done.status, 0, done.stderr)
  assert.match(
    done.stderr,
    /web-[12] is ready\nweb-[12] is ready\nall that can be reached are ready: switching\n/,
  )
  assert.match(done.stdout, /shop 1\.0\.0 to app=shop,env=production: succeeded/)
  assert.match(done.stdout, /web-2 +committed +commit +1/)
  const [, id = ''] = /deployment +(d-\w+)/.exec(done.stdout) ?? []
  assert.match(
    (await sluice('deployments')).stdout,
    new RegExp(`${id} +shop 1\\.0\\.0 .* succeeded`),
  )
  assert.match((await sluice('show', id)).stdout, /web-1 +committed/)
  assert.match((await sluice('logs', '-f', id)).stdout, / succeeded\n$/)
  const fleet = await sluice('status', 'shop')
  assert.match(fleet.stdout, /web-1 +shop +1\.0\.0 \(1\) +committed/)
  const late = await sluice('cancel', id)
  assert.deepEqual([late.status, late.stderr.includes('is succeeded already')], [4, true])
})

test('one that goes back ends with the status of its cause, and its release can be lifted', async (t) => {
  const { hosts, digest, sluice, admin } = await openDesk(t)
  const deploying = sluice('deploy', `sha256:${digest}`, '--to', to, '--json')
  const error = { code: 'unhealthy', message: 'no answer' }
  await hosts[0]?.come('undone', { error, rejects: true })
  await hosts[1]?.until(({ phase }) => phase === 'back')
  await hosts[1]?.come('undone')
  const undone = await deploying
  assert.equal(undone.status, 1)
  assert.equal((JSON.parse(undone.stdout) as { state: string }).state, 'undone')
  const again = await sluice('deploy', 'shop@1.0.0', '--to', to)
  assert.deepEqual([again.status, again.stderr.includes('was rejected: no answer')], [4, true])
  assert.match((await sluice('rejected')).stdout, /shop@1\.0\.0 .* host web-1 .* no answer/)
  const unseen = await sluice('lift', 'shop@1.0.0', '--reason', 'mended')
  assert.equal(unseen.status, 4)
  const lifted = await admin('lift', 'shop@1.0.0', '--reason', 'the database was mended')
  assert.equal(lifted.status, 0, lifted.stderr)
  const quarantined = await sluice('quarantine', 'shop@1.0.0', '--reason', 'loses orders')
  assert.equal(quarantined.status, 0, quarantined.stderr)
})

test('a second deploy is refused naming the first, or waits for it, and can be called off', async (t) => {
  const { hosts, sluice } = await openDesk(t)
  const first = sluice('deploy', 'shop', '--to', to)
  const { deployment } = (await hosts[0]?.until(() => true)) ?? { deployment: '' }
  const second = await sluice('deploy', 'shop', '--to', to)
  assert.deepEqual([second.status, second.stderr.includes(deployment)], [5, true])
  const waiting = sluice('deploy', 'shop', '--to', to, '--wait', '50')
  assert.equal((await sluice('cancel', deployment, '--reason', 'a mistake')).status, 0)
  await Promise.all(hosts.map((host) => host.follow('undone')))
  assert.equal((await first).status, 3)
  const next = await hosts[0]?.until((desire) => desire.deployment !== deployment)
  await sluice('cancel', next?.deployment ?? '')
  for (const host of hosts) {
    await host.until((desire) => desire.deployment !== deployment && desire.phase === 'back')
    await host.come('undone')
  }
  assert.equal((await waiting).status, 3)
  assert.equal((await sluice('deploy', 'shop', '--to', 'app')).status, 2)
  assert.equal((await sluice('deploy', 'shop', '--to', 'env=nowhere')).status, 4)
})
