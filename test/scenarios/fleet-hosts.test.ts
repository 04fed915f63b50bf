import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'

import { joinSite, type FleetSite } from '../support/fleet-site.ts'
import { packSampleRelease, type SampleRelease } from '../support/sample-release.ts'
import { ask, ended, firstStart, prepareServer, type Place } from '../support/server-place.ts'
import { waitUntil } from '../support/wait-until.ts'

// The whole way: a server, agents and hosts of the built program, and releases that really serve.

const to = 'app=shop,env=prod'

interface Fleet {
  readonly place: Place
  readonly sites: readonly FleetSite[]
  readonly server: Awaited<ReturnType<Place['start']>>
}

async function openFleet(t: TestContext, names: readonly string[]): Promise<Fleet> {
  // Tests ask more often than people do.
  const often = { perMinute: 100_000, burst: 10_000 }
  const place = await prepareServer(t, {
    settings: { deployments: { silentAfter: '20s' }, limits: { read: often } },
  })
  const server = await place.start(...firstStart)
  const made = ['tokens', 'create', 'deployer:shop/prod', '--output', 'deployer.token']
  await ask(place, ...made)
  const sites = await Promise.all(names.map((name) => joinSite(t, place, name)))
  return { place, sites, server }
}

async function publish(place: Place, sample: SampleRelease): Promise<void> {
  const archive = await packSampleRelease(place.folder, sample)
  await ask(place, 'publish', archive)
}

function deploy(place: Place, release: string) {
  return place.sluice('deploy', release, '--to', to, '--token-file', 'deployer.token')
}

async function seen({ place, sites }: Fleet): Promise<void> {
  await waitUntil(async () => {
    const hosts = (await ask(place, 'status')) as unknown as { name: string; seen: string | null }[]
    return sites.every(({ name }) => hosts.some((host) => host.name === name && host.seen !== null))
  })
}

test('a release comes to all hosts, a broken one to none, and who was away catches up', async (t) => {
  const fleet = await openFleet(t, ['web-1', 'web-2', 'web-3'])
  const { place, sites } = fleet
  const versions = async () => await Promise.all(sites.map((site) => site.version()))
  await seen(fleet)
  await publish(place, { version: '1' })
  const first = await deploy(place, 'shop')
  assert.equal(first.status, 0, first.stderr)
  assert.deepEqual(await versions(), ['1', '1', '1'])
  await publish(place, { version: '2', app: { healthy: false } })
  const broken = await deploy(place, 'shop')
  assert.equal(broken.status, 1, broken.stderr)
  assert.deepEqual(await versions(), ['1', '1', '1'])
  const again = await deploy(place, 'shop@2')
  assert.deepEqual([again.status, again.stderr.includes('was rejected')], [4, true], again.stderr)
  const [, , away] = sites
  await away?.killAgent()
  await waitUntil(
    async () => {
      const hosts = (await ask(place, 'status')) as unknown as { name: string; seen: string }[]
      const host = hosts.find(({ name }) => name === 'web-3')
      return host !== undefined && Date.now() - Date.parse(host.seen) > 20_500
    },
    'web-3 to be silent',
    120_000,
  )
  await publish(place, { version: '3' })
  const third = await deploy(place, 'shop')
  assert.equal(third.status, 0, third.stderr)
  assert.match(third.stdout, /owed +web-3/)
  assert.deepEqual(await versions(), ['3', '3', '1'])
  away?.startAgent()
  await waitUntil(async () => (await away?.version()) === '3', 'web-3 to catch up')
})

test('a server that is killed in the middle goes on where it was', async (t) => {
  const fleet = await openFleet(t, ['web-1', 'web-2'])
  const { place, sites } = fleet
  await seen(fleet)
  await publish(place, { version: '1', app: { startDelay: 1500 } })
  const deploying = deploy(place, 'shop')
  await waitUntil(async () => {
    const listed = (await ask(place, 'deployments')) as unknown as { state: string }[]
    return listed[0]?.state === 'preparing'
  })
  await ended(fleet.server, 'SIGKILL')
  await place.start()
  const done = await deploying
  assert.equal(done.status, 0, done.stderr)
  for (const site of sites) assert.equal(await site.version(), '1')
})
