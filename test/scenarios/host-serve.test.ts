import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'

import type { AppDesire } from '../../src/protocol/index.ts'
import { hostServiceOn, type HostServiceUnderTest } from '../support/host-service.ts'
import { createMachine, type Machine, type MachineOptions } from '../support/machine.ts'

interface Site {
  readonly machine: Machine
  readonly service: HostServiceUnderTest
  /** States what is wanted of shop: the release of this version, by the deployment of this generation. */
  want(generation: number, phase: AppDesire['phase'], more?: Partial<AppDesire>): Promise<void>
  /** Takes reports until a deployment's last state is this one. */
  reaches(generation: number, state: string): Promise<void>
  version(): Promise<unknown>
}

async function openSite(t: TestContext, options: MachineOptions = {}): Promise<Site> {
  const machine = await createMachine(t, options)
  const service = hostServiceOn(machine)
  await service.start()
  const archives = new Map<string, Promise<AppDesire['release']>>()
  const releaseOf = (version: string): Promise<AppDesire['release']> => {
    const known = archives.get(version)
    if (known !== undefined) return known
    const made = machine.pack({ version }).then((archive) => service.provide(archive))
    archives.set(version, made)
    return made
  }
  return {
    machine,
    service,
    want: async (generation, phase, more = {}) => {
      const release = await releaseOf(String(generation))
      const by = 'ada'
      const deployment = `d${generation}`
      const desire = { app: 'shop', generation, deployment, by, release, phase, ...more }
      await service.desire({ apps: [desire] })
    },
    reaches: (generation, state) =>
      service.until(
        `d${generation} to be ${state}`,
        () => service.states(`d${generation}`).at(-1)?.state === state,
      ),
    version: async () => {
      const { status, body } = await machine.get('/')
      return status === 200 ? (JSON.parse(body) as { version: string }).version : status
    },
  }
}

function statesTold({ service }: Site, generation: number): string[] {
  return service.states(`d${generation}`).map(({ state }) => state)
}

test('a release is staged, proved and waits, gets its traffic and waits, and is kept when the server says so', async (t) => {
  const site = await openSite(t)
  await site.want(1, 'commit')
  await site.reaches(1, 'committed')
  assert.equal(await site.version(), '1')

  await site.want(2, 'prepare')
  await site.reaches(2, 'ready')
  assert.equal(await site.version(), '1')
  await site.want(2, 'switch')
  await site.reaches(2, 'switched')
  assert.equal(await site.version(), '2')
  await site.want(2, 'commit')
  await site.reaches(2, 'committed')
  assert.deepEqual(statesTold(site, 2), ['preparing', 'ready', 'switched', 'committed'])
  const numbers = site.service.reports.map(({ number }) => number)
  assert.deepEqual(
    numbers,
    numbers.map((_number, index) => index + 1),
  )
  const observed = site.service.of('observed').at(-1)
  assert.deepEqual(
    observed?.apps.map(({ app, generation, current }) => [app, generation, current?.version]),
    [['shop', 2, '2']],
  )
  assert.equal(await site.service.stop(), 0)
})
