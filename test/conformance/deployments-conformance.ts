import assert from 'node:assert/strict'

import { deciderOf } from '../../src/control/deployments/open-deployments.ts'
import type { Storage } from '../../src/control/index.ts'
import { openStarts } from '../../src/control/triggers/starts.ts'
import { randomText, systemClock } from '../../src/system/index.ts'
import { afterwards } from '../support/afterwards.ts'
import { open, type Story } from '../support/database-under-test.ts'
import {
  addFleet,
  deploymentsOver,
  digestOf,
  hostOver,
  production,
  usualLimits,
} from '../support/fleet-records.ts'

/** What deployments, desired states and reports must do on every database. */
export function deploymentsConformance(story: Story): void {
  courseConformance(story)
  onceConformance(story)
  returnConformance(story)
  startsConformance(story)
}

type Opened = Awaited<ReturnType<typeof openFleet>>

async function openFleet(
  t: Parameters<typeof open>[0],
  under: Parameters<typeof open>[1],
  agents: readonly string[],
) {
  const storage = await open(t, under)
  await addFleet(storage, agents)
  const deployments = deploymentsOver(t, storage)
  const hosts = agents.map((agent) => hostOver({ deployments, agent }))
  return { storage, deployments, hosts }
}

async function stateOf(storage: Storage, id: string) {
  return (await storage.deployments.find(id))?.state
}

/** Brings all hosts to a state, one after the other. */
async function allCome(
  { hosts }: Pick<Opened, 'hosts'>,
  ...states: ('ready' | 'switched' | 'committed' | 'undone')[]
) {
  for (const state of states) for (const host of hosts) await host.come(state)
}

function courseConformance(story: Story): void {
  story('a deployment goes on when all hosts have, and ends once', async (t, under) => {
    const fleet = await openFleet(t, under, ['a', 'b', 'c'])
    const { storage, deployments, hosts } = fleet
    const { deployment } = await deployments.request(production)
    const { id } = deployment
    assert.equal(deployment.state, 'preparing')
    assert.deepEqual(await hosts[0]?.desired(), {
      app: 'shop',
      generation: 1,
      deployment: id,
      by: 'token me',
      release: {
        name: 'shop',
        version: '2.0',
        digest: digestOf('2.0'),
        size: 10,
        file: 'shop-2.0.zip',
      },
      phase: 'prepare',
    })
    await hosts[0]?.come('ready')
    await hosts[1]?.come('ready')
    assert.equal(await hosts[0]?.phase(), 'prepare')
    await hosts[2]?.come('ready')
    for (const host of hosts) assert.equal(await host.phase(), 'switch')
    await allCome(fleet, 'switched')
    for (const host of hosts) assert.equal(await host.phase(), 'commit')
    assert.equal(await stateOf(storage, id), 'committed')
    await allCome(fleet, 'committed')
    assert.equal(await stateOf(storage, id), 'succeeded')
    const states = (await deployments.eventsAfter(id, 0, { timeout: 0 })).flatMap(({ content }) =>
      content.kind === 'deployment' ? [content.state] : [],
    )
    assert.deepEqual(states, ['requested', 'preparing', 'switching', 'committed', 'succeeded'])
    assert.ok(((await storage.deployments.find(id))?.finishedAt ?? 0) > 0)
  })

  story(
    'figures count deployments, agents, what hosts made of it, and raises',
    async (t, under) => {
      const fleet = await openFleet(t, under, ['a', 'b'])
      const { storage, deployments } = fleet
      await storage.triggers.define({ name: 'shop', at: 1 })
      await deployments.request(production)
      await allCome(fleet, 'ready', 'switched')
      const { agentsByState, deploymentsByState, ...rest } = await storage.figures.read()
      assert.deepEqual([agentsByState, deploymentsByState], [{ active: 2 }, { committed: 1 }])
      assert.deepEqual(rest, {
        deploymentTime: { count: 0, seconds: 0 },
        hostsByState: { switched: 2 },
        hostsOwed: 0,
        partsBack: 0,
        appsDrifted: 0,
        appsHeld: 0,
        raisesByTrigger: { shop: 0 },
      })
      await allCome(fleet, 'committed')
      const { deploymentTime, hostsByState } = await storage.figures.read()
      assert.deepEqual([deploymentTime.count, hostsByState], [1, { committed: 2 }])
    },
  )

  story('one host that goes back takes all back, and its words are kept', async (t, under) => {
    const fleet = await openFleet(t, under, ['a', 'b'])
    const { storage, deployments, hosts } = fleet
    const { id } = (await deployments.request(production)).deployment
    await hosts[0]?.come('ready')
    const error = { code: 'unhealthy', message: 'no answer' }
    await hosts[1]?.come('undone', { error })
    for (const host of hosts) assert.equal(await host.phase(), 'back')
    await hosts[0]?.come('undone')
    const ended = await storage.deployments.find(id)
    assert.equal(ended?.state, 'undone')
    assert.deepEqual(ended?.error, { code: 'unhealthy', message: 'host b went back: no answer' })
    assert.deepEqual((await storage.deployments.hosts(id))[1]?.error, error)
    const again = await deployments.request(production)
    assert.equal((await hosts[0]?.desired())?.generation, 2)
    assert.equal(again.deployment.state, 'preparing')
  })

  story(
    'a release that one host rejects is rejected for all, until it is lifted',
    async (t, under) => {
      const { storage, deployments, hosts } = await openFleet(t, under, ['a', 'b'])
      const { id } = (await deployments.request(production)).deployment
      const revision = (await deployments.desiredOf('a'))?.revision ?? 0
      const error = { code: 'unhealthy', message: 'no answer' }
      await hosts[1]?.come('undone', { error, rejects: true })
      const state = await deployments.desiredOf('a')
      assert.ok((state?.revision ?? 0) > revision)
      assert.deepEqual(
        state?.rejected.map(({ digest, reason, by }) => [digest, reason, by]),
        [[digestOf('2.0'), 'no answer', 'host b']],
      )
      await hosts[0]?.come('undone')
      assert.equal(await stateOf(storage, id), 'undone')
      await assert.rejects(deployments.request(production), { code: 'quarantined' })
      assert.equal(await storage.rejected.lift('shop', digestOf('2.0')), true)
      assert.equal(await storage.rejected.lift('shop', digestOf('2.0')), false)
      assert.deepEqual((await deployments.desiredOf('a'))?.rejected, [])
      await deployments.request(production)
    },
  )

  story(
    'a rejected release is told to every host of the app, wherever it failed',
    async (t, under) => {
      const { storage, deployments, hosts } = await openFleet(t, under, ['a'])
      await addFleet(storage, ['q'], 'qa')
      const other = hostOver({ deployments, agent: 'q' })
      await deployments.request({ ...production, release: '1.0', to: { env: 'qa' } })
      for (const state of ['ready', 'switched', 'committed'] as const) await other.come(state)
      const revision = (await deployments.desiredOf('q'))?.revision ?? 0
      await deployments.request(production)
      await hosts[0]?.come('undone', { rejects: true })
      const told = await deployments.desiredOf('q')
      assert.equal(told?.revision, revision + 1)
      assert.deepEqual(
        told?.rejected.map(({ digest }) => digest),
        [digestOf('2.0')],
      )
    },
  )

  story('two deployments of one app are never under way on one host', async (t, under) => {
    const { storage, deployments } = await openFleet(t, under, ['a', 'b'])
    const asked = Array.from({ length: 6 }, () => deployments.request(production))
    const results = await Promise.allSettled(asked)
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    const refused = results.filter((result) => result.status === 'rejected')
    for (const { reason } of refused) assert.equal(reason.code, 'deployment-unfinished')
    assert.equal((await storage.deployments.unfinished(10)).length, 1)
  })

  story('what is called off goes back; after its commit it cannot be', async (t, under) => {
    const fleet = await openFleet(t, under, ['a'])
    const { deployments, hosts } = fleet
    const how = { by: 'me', reason: 'a test' }
    const { id } = (await deployments.request(production)).deployment
    assert.equal((await deployments.cancel(id, how)).state, 'undoing')
    assert.equal(await hosts[0]?.phase(), 'back')
    await allCome(fleet, 'undone')
    const next = (await deployments.request(production)).deployment.id
    await allCome(fleet, 'ready', 'switched')
    await assert.rejects(deployments.cancel(next, how), { code: 'request-invalid' })
    await assert.rejects(deployments.cancel('none', how), { code: 'not-found' })
    await allCome(fleet, 'committed')
  })
}

function onceConformance(story: Story): void {
  story('a request with its key is one deployment, and another with it none', async (t, under) => {
    const { deployments } = await openFleet(t, under, ['a'])
    const asked = { ...production, key: 'k' }
    const [one, two] = await Promise.all([deployments.request(asked), deployments.request(asked)])
    assert.equal(one?.deployment.id, two?.deployment.id)
    assert.notEqual(one?.isRepeat, two?.isRepeat)
    await assert.rejects(deployments.request({ ...asked, release: '1.0' }), { code: 'key-reused' })
    await assert.rejects(deployments.request({ ...asked, by: 'another' }), {
      code: 'deployment-unfinished',
    })
  })

  story('a report counts once, and one of an earlier generation not at all', async (t, under) => {
    const { storage, deployments, hosts } = await openFleet(t, under, ['a', 'b'])
    const { id } = (await deployments.request(production)).deployment
    const body = { kind: 'deployment-state', deployment: id, app: 'shop' } as const
    const ready = { number: 1, at: 1, body: { ...body, generation: 1, state: 'ready' } } as const
    const old = { number: 2, at: 1, body: { ...body, generation: 9, state: 'failed' } } as const
    assert.equal(await deployments.takeReports('a', [ready, old, ready]), 2)
    assert.equal(await deployments.takeReports('a', [ready, old]), 2)
    assert.equal(await deployments.takeReports('none', [ready]), undefined)
    const told = (await deployments.eventsAfter(id, 0, { timeout: 0 })).flatMap(({ content }) =>
      content.kind === 'host' ? [[content.state, content.ignored ?? false]] : [],
    )
    assert.deepEqual(told, [
      ['ready', false],
      ['failed', true],
    ])
    assert.equal(await stateOf(storage, id), 'preparing')
    await hosts[1]?.come('ready')
    assert.equal(await stateOf(storage, id), 'switching')
  })

  story('however many servers advance it at once, each step is taken once', async (t, under) => {
    const fleet = await openFleet(t, under, ['a', 'b', 'c'])
    const { storage, deployments, hosts } = fleet
    const others = [deploymentsOver(t, storage), deploymentsOver(t, storage)]
    const { id } = (await deployments.request(production)).deployment
    for (const state of ['ready', 'switched', 'committed'] as const)
      await Promise.all([
        ...hosts.map((host) => host.come(state)),
        ...others.map((other) => other.look()),
      ])
    const events = await deployments.eventsAfter(id, 0, { timeout: 0 })
    assert.deepEqual(
      events.map(({ number }) => number),
      events.map((_event, index) => index + 1),
    )
    const states = events.flatMap(({ content }) =>
      content.kind === 'deployment' ? [content.state] : [],
    )
    assert.deepEqual(states, ['requested', 'preparing', 'switching', 'committed', 'succeeded'])
  })

  story('reports that nobody advanced by are advanced by the next look', async (t, under) => {
    const { storage, deployments } = await openFleet(t, under, ['a'])
    const { id } = (await deployments.request(production)).deployment
    const state = { deployment: id, app: 'shop', generation: 1, state: 'ready' } as const
    const report = { number: 1, at: 1, body: { kind: 'deployment-state', ...state } } as const
    // A server that was killed between the two transactions.
    await storage.desires.takeReports('a', [report], Date.now())
    assert.equal(await stateOf(storage, id), 'preparing')
    await deployments.look()
    assert.equal(await stateOf(storage, id), 'switching')
  })
}

function returnConformance(story: Story): void {
  story('who was silent is owed, and comes to what was committed', async (t, under) => {
    const storage = await open(t, under)
    await addFleet(storage, ['a', 'b'])
    await storage.agents.remove('b')
    const again = { token: { id: 'prod', hash: 'f'.repeat(64) }, id: 'b2', name: 'b2' }
    await storage.agents.enrol({ ...again, publicKey: 'key-b2', at: Date.now() })
    const deployments = deploymentsOver(t, storage)
    const [here, away] = ['a', 'b2'].map((agent) => hostOver({ deployments, agent }))
    const { id } = (await deployments.request(production)).deployment
    for (const state of ['ready', 'switched', 'committed'] as const) await here?.come(state)
    assert.equal(await stateOf(storage, id), 'succeeded')
    const owed = async () => (await storage.deployments.hosts(id)).filter((host) => host.owed)
    assert.deepEqual(
      (await owed()).map(({ name }) => name),
      ['b2'],
    )
    // A later one that is undone leaves the debt as it was, under a new generation.
    const next = (await deployments.request({ ...production, release: '1.0' })).deployment.id
    await here?.come('undone')
    assert.equal(await stateOf(storage, next), 'undone')
    const wanted = await away?.desired()
    assert.deepEqual([wanted?.deployment, wanted?.generation, wanted?.phase], [id, 3, 'commit'])
    assert.equal((await here?.desired())?.deployment, next)
    await away?.come('committed')
    assert.deepEqual(await owed(), [])
    assert.equal(await stateOf(storage, id), 'succeeded')
  })

  story(
    'who is held comes back to what was committed when a later one is undone',
    async (t, under) => {
      const fleet = await openFleet(t, under, ['a', 'b'])
      const { storage, deployments, hosts } = fleet
      const { id } = (await deployments.request({ ...production, release: '1.0' })).deployment
      await allCome(fleet, 'ready', 'switched', 'committed')
      const next = (await deployments.request(production)).deployment.id
      await hosts[0]?.come('held')
      await hosts[1]?.come('undone')
      assert.equal(await stateOf(storage, next), 'undone')
      const wanted = await hosts[0]?.desired()
      assert.deepEqual([wanted?.deployment, wanted?.generation, wanted?.phase], [id, 3, 'commit'])
      assert.equal((await hosts[1]?.desired())?.deployment, next)
      await hosts[0]?.come('held')
      await hosts[0]?.come('committed')
      assert.deepEqual(
        (await storage.deployments.hosts(id)).map(({ owed }) => owed),
        [false, false],
      )
    },
  )

  story('a debt ends with the next commit that the host has a part in', async (t, under) => {
    const fleet = await openFleet(t, under, ['a', 'b'])
    const { storage, deployments, hosts } = fleet
    const owing = (await deployments.request({ ...production, release: '1.0' })).deployment.id
    for (const state of ['ready', 'switched'] as const) await allCome(fleet, state)
    await hosts[0]?.come('committed')
    await hosts[1]?.come('undone')
    assert.equal((await storage.deployments.hosts(owing))[1]?.owed, true)
    await deployments.request(production)
    await allCome(fleet, 'ready', 'switched', 'committed')
    assert.equal((await storage.deployments.hosts(owing))[1]?.owed, false)
    const undone = (await deployments.request({ ...production, release: '1.0' })).deployment.id
    await allCome(fleet, 'undone')
    assert.equal((await hosts[1]?.desired())?.deployment, undone)
  })

  story('a hold is lifted by its time, and the fleet shows both sides', async (t, under) => {
    const { storage, deployments, hosts } = await openFleet(t, under, ['a', 'b'])
    assert.equal(await storage.desires.releaseHold('a', 'shop', 5), false)
    await deployments.request(production)
    assert.equal(await storage.desires.releaseHold('a', 'shop', 5), true)
    assert.equal((await hosts[0]?.desired())?.holdReleasedAt, 5)
    const app = { app: 'shop', generation: 0, drifted: ['x'], rejected: [] }
    await hosts[0]?.report({ kind: 'observed', apps: [app], version: '1', freeBytes: 1 })
    const [first, second] = await storage.desires.fleet({ after: '', limit: 10 })
    assert.deepEqual(first?.apps[0]?.actual, { generation: 0, drifted: ['x'] })
    assert.equal(first?.apps[0]?.desired?.version, '2.0')
    assert.equal(second?.apps[0]?.actual, undefined)
  })

  story('old events and deployments go, what a host needs stays', async (t, under) => {
    const fleet = await openFleet(t, under, ['a'])
    const { storage, deployments } = fleet
    const ids: string[] = []
    for (const release of ['1.0', '2.0']) {
      const { id } = (await deployments.request({ ...production, release })).deployment
      ids.push(id)
      await allCome(fleet, 'ready', 'switched', 'committed')
    }
    const before = { events: Date.now() + 1000, deployments: Date.now() + 1000 }
    while ((await storage.deployments.prune(before, 5)) > 0);
    assert.deepEqual(await Promise.all(ids.map((id) => stateOf(storage, id))), [
      undefined,
      'succeeded',
    ])
    assert.deepEqual(await deployments.eventsAfter(ids[1] ?? '', 0, { timeout: 0 }), [])
    assert.equal((await fleet.hosts[0]?.desired())?.release.version, '2.0')
  })
}

function startsConformance(story: Story): void {
  const to = { env: 'prod' }
  const sources: 'token'[] = ['token']
  const definitions = new Map([
    ['deploy', { sources, starts: { deploy: { app: 'shop', release: 'latest', to } } }],
    ['script', { sources, starts: { script: 'refresh', to } }],
  ])
  const clock = systemClock
  const decide = deciderOf(clock, usualLimits)

  story('the end of a run is heard of at once, for what waits behind it', async (t, under) => {
    const { storage } = await openFleet(t, under, ['a'])
    let ends = 0
    const onFinished = (): void => void (ends += 1)
    const deployments = deploymentsOver(t, storage, { onFinished })
    const starts = openStarts({ storage, clock, definitions, decide, lookEvery: 600_000 })
    afterwards(t, () => starts.close())
    await storage.triggers.raise([raiseOf('script')])
    await starts.look()
    await starts.close()
    const host = hostOver({ deployments, agent: 'a' })
    const run = (await deployments.desiredOf('a'))?.scripts[0]?.run ?? ''
    await host.report({ kind: 'script-state', run, state: 'running' })
    assert.equal(ends, 0)
    await host.report({ kind: 'script-state', run, state: 'succeeded' })
    assert.equal(ends, 1)
  })

  story(
    'with an agent end its runs, what it is owed and what is desired of it',
    async (t, under) => {
      const { storage } = await openFleet(t, under, ['a', 'b'])
      const starts = openStarts({ storage, clock, definitions, decide, lookEvery: 600_000 })
      afterwards(t, () => starts.close())
      await storage.triggers.raise([raiseOf('script')])
      await starts.look()
      await starts.close()
      await storage.agents.remove('a')
      const runs = await storage.scriptRuns.ofStart(starts.idOf('script', 1) ?? '')
      assert.deepEqual(
        runs.map((run) => [run.agent, run.state]),
        [
          ['a', 'unknown'],
          ['b', 'waiting'],
        ],
      )
      assert.equal((await storage.figures.read()).hostsOwed, 0)
    },
  )

  story('however many servers take a raise up, it starts one thing', async (t, under) => {
    const { storage } = await openFleet(t, under, ['a', 'b'])
    const servers = Array.from({ length: 4 }, () =>
      openStarts({ storage, clock, definitions, decide, lookEvery: 600_000 }),
    )
    for (const server of servers) afterwards(t, () => server.close())
    // A server that was killed after it had raised.
    await storage.triggers.raise(['deploy', 'script', 'script'].map((trigger) => raiseOf(trigger)))
    await Promise.all(servers.map((server) => server.look()))
    await Promise.all(servers.map((server) => server.close()))
    const [id] = await storage.deployments.unfinished(10)
    const events = async (name: string) =>
      await storage.triggers.events(name, { after: 0, limit: 9 })
    assert.deepEqual(
      (await events('deploy')).map(({ outcome }) => outcome),
      [id],
    )
    assert.equal(id, servers[0]?.idOf('deploy', 1))
    const [first, second] = await events('script')
    assert.deepEqual([first?.outcome, first?.supersededBy], [null, 2])
    assert.equal(second?.outcome, servers[0]?.idOf('script', 2))
    const runs = await storage.scriptRuns.ofStart(second?.outcome ?? '')
    assert.deepEqual(
      runs.map((run) => [run.agent, run.state]),
      [
        ['a', 'waiting'],
        ['b', 'waiting'],
      ],
    )
    assert.deepEqual(await storage.scriptRuns.ofStart(servers[0]?.idOf('script', 1) ?? ''), [])
    // One that read what was open a moment before another took it up.
    const late = { kind: 'nothing', reason: 'late' } as const
    for (const sequence of [1, 2])
      assert.deepEqual(await storage.starts.takeUp({ trigger: 'script', sequence }, late), {
        kind: 'gone',
      })
  })
}

function raiseOf(trigger: string) {
  const given = { key: undefined, digest: undefined, by: 'me', source: 'token' }
  return { trigger, id: randomText(20), at: Date.now(), create: true, ...given }
}
