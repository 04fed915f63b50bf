import assert from 'node:assert/strict'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { currentBinding } from '../../src/host/state/app-state.ts'
import { readAppState } from '../../src/host/state/locked-app.ts'
import { logOf, openFleet, type Fleet, type FleetHost } from '../support/fleet.ts'
import { packSampleRelease, type SampleRelease } from '../support/sample-release.ts'
import { byTier } from '../support/tools.ts'
import { waitUntil } from '../support/wait-until.ts'

// Hosts with agents, each in a network of its own: releases come, one is rejected, cables are pulled, the server and an
// agent are killed in the middle. In the end every host has the same, and visitors noticed nothing.

const count = byTier({ fast: 2, ci: 6, full: 50 })
/** They are waited for until they count as silent, for which the fast tier has no time. */
const offline = byTier({ fast: 0, ci: 3, full: 3 })
const labels = 'app=shop,env=test'

test(`${count} hosts take releases through every kind of trouble and stay the same`, async (t) => {
  const fleet = await openFleet(t, { count, labels, server: { silentAfter: '20s' } })
  if (fleet === undefined) return
  await fleet.token('deployer', 'deployer:shop/test')
  try {
    await tellStory(t, fleet)
  } catch (thrown) {
    for (const host of fleet.hosts.slice(0, 3))
      console.log(host.name, logOf(host, 'host'), logOf(host, 'agent'))
    throw thrown
  }
})

async function tellStory(t: TestContext, fleet: Fleet): Promise<void> {
  const { hosts } = fleet
  await publish(fleet, { version: '1' })
  assert.equal(await deploy(fleet, '1'), 'succeeded')
  await allServe(hosts, '1')
  const visitor = visit(hosts.slice(offline))
  t.after(() => visitor.stop())

  await publish(fleet, { version: '2', app: { healthy: false } })
  assert.equal(await deploy(fleet, '2'), 'undone')
  await allServe(hosts, '1')
  await publish(fleet, { version: '3' })
  const again = await fleet.sluice(['deploy', 'shop@2', '--to', labels], 'deployer')
  assert.notEqual(again.status, 0)
  assert.match(again.stderr + again.stdout, /rejected/)

  const away = hosts.slice(0, offline)
  for (const host of away) host.network.disconnect()
  if (away.length > 0) await areSilent(fleet, away)
  assert.equal(await deploy(fleet, '3'), 'succeeded')
  await allServe(hosts.slice(offline), '3')
  for (const host of away) host.network.connect()
  await allServe(away, '3')

  await publish(fleet, { version: '4' })
  const fourth = begin(fleet, '4')
  await isUnderWay(fleet, '4')
  await fleet.killServer()
  await fleet.startServer()
  await allServe(hosts, '4')
  await fourth
  assert.equal(await endOf(fleet, '4'), 'succeeded')

  await publish(fleet, { version: '5' })
  const fifth = begin(fleet, '5')
  await isUnderWay(fleet, '5')
  const [first] = hosts
  for (const part of ['agent', 'host'] as const) await first?.kill(part)
  for (const part of ['host', 'agent'] as const) first?.start(part)
  await fifth
  const serving = (await endOf(fleet, '5')) === 'succeeded' ? '5' : '4'
  await allServe(hosts, serving)

  const { asked, failed } = await visitor.stop()
  t.diagnostic(`${count} hosts, ${asked} visits, ${failed.length} failed, at last ${serving}`)
  assert.deepEqual(failed, [])
  for (const host of hosts) await waitUntil(() => appProcesses(host) === 1, `${host.name}: one app`)
  assert.equal(new Set(hosts.map(stateDigest)).size, 1)
}

async function publish(fleet: Fleet, sample: SampleRelease): Promise<void> {
  const archive = await packSampleRelease(fleet.folder, sample)
  const { status, stderr } = await fleet.sluice(['publish', archive], 'deployer')
  assert.equal(status, 0, stderr)
}

/** Answers the outcome. */
async function deploy(fleet: Fleet, version: string): Promise<string> {
  await begin(fleet, version)
  return await endOf(fleet, version)
}

/** Ends with the deployment, or when its server does. */
async function begin(fleet: Fleet, version: string): Promise<void> {
  await fleet.sluice(['deploy', `shop@${version}`, '--to', labels], 'deployer')
}

interface Listed {
  readonly version: string
  readonly state: string
}

async function newest(fleet: Fleet, version: string): Promise<Listed | undefined> {
  const listed = (await fleet.json(['deployments'])) as unknown as readonly Listed[]
  return listed.find((deployment) => deployment.version === version)
}

const ends = new Set(['succeeded', 'undone', 'partial'])

async function endOf(fleet: Fleet, version: string): Promise<string> {
  let state = ''
  await waitUntil(async () => {
    state = (await newest(fleet, version))?.state ?? ''
    return ends.has(state)
  }, `the end of ${version}`)
  return state
}

async function isUnderWay(fleet: Fleet, version: string): Promise<void> {
  await waitUntil(
    async () => (await newest(fleet, version))?.state === 'preparing',
    `${version} to begin`,
  )
}

async function allServe(hosts: readonly FleetHost[], version: string): Promise<void> {
  for (const host of hosts) {
    await waitUntil(
      async () => (await host.get('/')).body.includes(`"version":"${version}"`),
      `${host.name} to serve ${version}`,
    )
  }
}

/** Nobody of them was heard of for longer than it waits. */
async function areSilent(fleet: Fleet, hosts: readonly FleetHost[]): Promise<void> {
  const names = new Set(hosts.map(({ name }) => name))
  await waitUntil(
    async () => {
      await sleep(500)
      const listed = (await fleet.json(['status'])) as unknown as readonly {
        readonly name: string
        readonly seen: string
      }[]
      return listed
        .filter(({ name }) => names.has(name))
        .every(({ seen }) => Date.now() - Date.parse(seen) > 21_000)
    },
    'hosts without a cable to be silent',
    120_000,
  )
}

/** Asks all of these hosts, over and over. */
function visit(hosts: readonly FleetHost[]) {
  const failed: string[] = []
  let asked = 0
  let isOver = false
  async function askOne(host: FleetHost): Promise<void> {
    const { status, body } = await host.get('/')
    asked += 1
    if (status !== 200) failed.push(`${host.name}: ${status} ${body}`)
  }
  async function run(): Promise<void> {
    while (!isOver) {
      await Promise.all(hosts.map(askOne))
      await sleep(50)
    }
  }
  const running = run()
  return {
    stop: async () => {
      isOver = true
      await running
      return { asked, failed }
    },
  }
}

/** How many processes of releases work in the host's folder. */
function appProcesses({ folder }: FleetHost): number {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return (
        readlinkSync(`/proc/${pid}/cwd`).startsWith(join(folder, 'root/apps')) &&
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('app.mjs')
      )
    } catch {
      return false
    }
  }).length
}

function stateDigest({ folder }: FleetHost): string {
  const place = { root: join(folder, 'root'), runDir: join(folder, 'run') }
  return currentBinding(readAppState(place, 'shop'))?.stateDigest ?? 'none'
}
