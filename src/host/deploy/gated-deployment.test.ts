import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'

import { openEngine, type Engine } from '../../../test/support/engine.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { AppError } from '../../errors/index.ts'
import type { DeploymentResult, GatedBy } from '../../protocol/index.ts'
import { digestFile } from '../../release/index.ts'
import { deployRelease, startRelease } from '../deeds/deploy-release.ts'
import { continueWanted, deployWanted } from '../deeds/deploy-wanted.ts'
import { pinRelease } from '../deeds/keep-or-reject.ts'
import { readStanding } from '../deeds/read-standing.ts'
import { releaseHold } from '../deeds/release-hold.ts'
import { resumeDeployment } from '../deeds/resume-deployment.ts'
import { rollBack } from '../deeds/roll-back.ts'
import type { Host } from '../host.ts'
import type { DeploymentGate } from './deployment-gate.ts'

const open: DeploymentGate = {
  untilMayGo: () => Promise.resolve(),
  untilMayCommit: () => Promise.resolve(),
}

function gatedBy(generation: number): GatedBy {
  return { epoch: 'e1', deployment: `d${generation}`, generation }
}

async function want(
  engine: Engine,
  generation: number,
  host: Partial<Host> = { gate: open },
): Promise<DeploymentResult> {
  const version = String(generation)
  const archive = await engine.pack({ version })
  const release = { name: 'shop', version, digest: await digestFile(archive) }
  const gated = gatedBy(generation)
  return await deployWanted(engine.as(host), { release, archive, gated })
}

function served(engine: Engine): string | undefined {
  return engine.host.routes.load().routes['main']?.target?.label
}

function stepsBegun(engine: Engine): string[] {
  return engine.events.flatMap((event) => (event.type === 'step-started' ? [event.step] : []))
}

async function managed(t: TestContext): Promise<Engine> {
  const engine = await openEngine(t)
  assert.equal((await want(engine, 1)).outcome, 'succeeded')
  return engine
}

test('a wanted deployment waits proved and without traffic, then with traffic, and is then the one that is managed', async (t) => {
  const engine = await managed(t)
  const [go, confirm] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const gate: DeploymentGate = {
    untilMayGo: () => go.promise,
    untilMayCommit: () => confirm.promise,
  }
  engine.events.length = 0
  const ended = want(engine, 2, { gate })
  await waitUntil(() => stepsBegun(engine).includes('await-go'))
  assert.equal(served(engine), 'shop-1')
  assert.ok(engine.running.has('shop/shop-2'))
  go.resolve()
  await waitUntil(() => stepsBegun(engine).includes('await-confirm'))
  assert.equal(served(engine), 'shop-2')
  assert.equal(engine.armed.size, 1)
  assert.deepEqual(engine.state().managed, gatedBy(1))
  confirm.resolve()
  assert.equal((await ended).outcome, 'succeeded')
  assert.deepEqual(engine.state().managed, gatedBy(2))
  assert.equal(engine.armed.size, 0)
})

test('one that is taken back before the switch, or not confirmed after it, leaves all as it was', async (t) => {
  const engine = await managed(t)
  const before = engine.state()
  const refusal = (code: 'taken-back' | 'unconfirmed') => () =>
    Promise.reject(new AppError(code, 'no'))
  const first = await want(engine, 2, { gate: { ...open, untilMayGo: refusal('taken-back') } })
  assert.deepEqual([first.outcome, first.error?.code], ['undone', 'taken-back'])
  const gate = { ...open, untilMayCommit: refusal('unconfirmed') }
  const second = await want(engine, 3, { gate })
  assert.deepEqual([second.outcome, second.error?.step], ['undone', 'await-confirm'])
  assert.deepEqual(engine.state(), before)
  assert.deepEqual([...engine.running], ['shop/shop-1'])
  assert.equal(served(engine), 'shop-1')
  const { last, undone } = readStanding(engine.host, 'shop', gatedBy(3))
  assert.deepEqual([last?.outcome, last?.error?.code, undone], ['undone', 'unconfirmed', 1])
})

test('the wait for the commit is as long as configured, and shorter after a restart', async (t) => {
  const engine = await openEngine(t, { confirmWithin: '40s' })
  const waits: number[] = []
  const gate: DeploymentGate = {
    ...open,
    untilMayCommit: (_gated, { wait }) => {
      waits.push(wait)
      if (waits.length === 1) engine.takeSnapshot()
      return Promise.resolve()
    },
  }
  const { deployment } = await want(engine, 1, { gate })
  engine.powerCut()
  engine.running.add('shop/shop-1')
  const later = { ...engine.host.clock, now: () => Date.now() + 35_000 }
  const wish = { app: 'shop', deployment, direction: 'forward' } as const
  const resumed = await continueWanted(engine.as({ gate, clock: later }), wish)
  assert.equal(resumed?.outcome, 'succeeded', JSON.stringify(resumed?.error))
  const [first = 0, second = 0] = waits
  assert.equal(first, 40_000)
  assert.ok(second > 10_000 && second < 15_100, `${second}`)
})

test('a run that was killed at a gate passes the gate again, and a local resume takes it back', async (t) => {
  const engine = await managed(t)
  let asked = 0
  const gate: DeploymentGate = {
    ...open,
    untilMayGo: () => {
      asked++
      if (asked === 1) engine.takeSnapshot()
      return Promise.resolve()
    },
  }
  const { deployment } = await want(engine, 2, { gate })
  engine.powerCut()
  engine.running.add('shop/shop-1').add('shop/shop-2')
  const standing = readStanding(engine.host, 'shop', gatedBy(2))
  assert.deepEqual(standing.unfinished, { deployment, gated: gatedBy(2) })
  assert.equal(standing.last?.outcome, 'unfinished')
  engine.takeSnapshot()
  const wish = { app: 'shop', deployment, direction: 'forward' } as const
  assert.equal((await continueWanted(engine.as({ gate }), wish))?.outcome, 'succeeded')
  assert.equal(asked, 2)
  engine.powerCut()
  const local = await resumeDeployment(engine.host, {})
  assert.deepEqual([local.outcome, local.error?.code], ['undone', 'unconfirmed'])
  assert.equal(engine.state().hold, undefined)
})

test('what a person does on an app that a server manages holds it, until somebody releases it', async (t) => {
  const engine = await managed(t)
  await pinRelease(engine.host, { deploy: 'shop-1', pinned: true })
  assert.equal(engine.state().hold, undefined)
  const release = await engine.pack({ version: '7' })
  const { deployment } = await deployRelease(engine.host, { release })
  assert.deepEqual([engine.state().hold?.by, engine.state().hold?.deployment], ['ada', deployment])
  await assert.rejects(want(engine, 2), { code: 'held', message: /ada works on shop/ })
  const { hold } = engine.state()
  const kept = await releaseHold(engine.host, { app: 'shop', setBefore: hold?.at ?? 0 })
  assert.equal(kept.hold, undefined)
  assert.deepEqual(engine.state().hold, hold)
  const released = await releaseHold(engine.host, { setBefore: (hold?.at ?? 0) + 1 })
  assert.deepEqual(released, { app: 'shop', hold })
  assert.equal((await want(engine, 2)).outcome, 'succeeded')
  assert.equal((await rollBack(engine.host, {})).outcome, 'succeeded')
  assert.ok(engine.state().hold)
})

test('an app that no server manages is never held', async (t) => {
  const engine = await openEngine(t)
  await startRelease(engine.host, { release: await engine.pack({ version: '1' }) })
  await deployRelease(engine.host, { release: await engine.pack({ version: '2' }) })
  assert.deepEqual([engine.state().hold, engine.state().managed], [undefined, undefined])
})

test('an archive that holds another release than was announced is not deployed', async (t) => {
  const engine = await managed(t)
  const archive = await engine.pack({ name: 'billing', version: '2' })
  const digest = await digestFile(archive)
  const release = { name: 'shop', version: '2', digest }
  const wanted = { release, archive, gated: gatedBy(2) }
  await assert.rejects(deployWanted(engine.as({ gate: open }), wanted), {
    code: 'release-mismatch',
    message: /the archive is billing 2, announced was shop 2/,
  })
})

test('a release that fails in front of visitors is rejected here until the server lifts it', async (t) => {
  const engine = await managed(t)
  engine.answer = (label) => {
    const isBaking = stepsBegun(engine).filter((step) => step === 'bake').length === 2
    return label === 'shop-2' && isBaking ? 500 : 200
  }
  const { error, release } = await want(engine, 2)
  assert.equal(error?.code, 'bake-failed')
  assert.equal(engine.state().quarantine[release?.digest ?? '']?.server, 'told')
})
