import assert from 'node:assert/strict'
import test from 'node:test'

import { openEngine, type Engine } from '../../../test/support/engine.ts'
import { withSettledApp } from '../deploy/lock-app.ts'
import { liftRelease, type AppState } from '../state/app-state.ts'
import { deployRelease } from './deploy-release.ts'
import { listHistory } from './history.ts'
import { liftQuarantine, pinRelease } from './keep-or-reject.ts'

async function reject(engine: Engine, digest: string, version: string): Promise<void> {
  const entry = { name: 'shop', version, reason: 'slow', by: 'ada', at: 1 }
  await withSettledApp(engine.host, 'shop', 'test', async (app) =>
    app.update((state) => ({ ...state, quarantine: { ...state.quarantine, [digest]: entry } })),
  )
}

test('a pin names the archive, is there once however often it is given, and can be taken away', async (t) => {
  const engine = await openEngine(t)
  const { release } = await deployRelease(engine.host, {
    release: await engine.pack({ version: '1' }),
  })
  for (let time = 0; time < 2; time++)
    await pinRelease(engine.host, { deploy: 'shop-1', pinned: true })
  assert.deepEqual(engine.state().pins, [release?.digest])
  await pinRelease(engine.host, { deploy: 'shop-1', pinned: false })
  assert.deepEqual(engine.state().pins, [])
})

test('a release is lifted by name and version, or by the start of its digest', async (t) => {
  const engine = await openEngine(t)
  await reject(engine, 'a'.repeat(64), '1')
  await reject(engine, 'b'.repeat(64), '2')
  await liftQuarantine(engine.host, { release: 'shop@1', reason: 'fixed' })
  await liftQuarantine(engine.host, { release: 'sha256:bbbbbbbb', reason: 'fixed' })
  assert.deepEqual(engine.state().quarantine, {})
})

test('a lift stays in the history with who, when and why, and why the release had been rejected', async (t) => {
  const engine = await openEngine(t)
  const { deployment } = await deployRelease(engine.host, {
    release: await engine.pack({ version: '1' }),
  })
  const digest = 'a'.repeat(64)
  await reject(engine, digest, '2')
  await liftQuarantine(engine.as({ operator: 'bob' }), {
    release: 'shop@2',
    reason: 'the database',
  })
  const [newest, first] = listHistory(engine.host, { limit: 20 })
  assert.ok(newest?.kind === 'lift' && first?.kind === 'deploy')
  assert.equal(first.deployment, deployment)
  assert.ok(newest.startedAt >= first.startedAt)
  assert.deepEqual(newest, {
    kind: 'lift',
    app: 'shop',
    by: 'bob',
    startedAt: newest.startedAt,
    release: { name: 'shop', version: '2', digest },
    reason: 'the database',
    rejected: { reason: 'slow', by: 'ada', at: 1 },
  })
  assert.deepEqual(listHistory(engine.host, { app: 'shop', limit: 1 }), [newest])
})

test('only the newest lifts are remembered', async (t) => {
  const engine = await openEngine(t)
  const digest = 'a'.repeat(64)
  await reject(engine, digest, '1')
  const reasons = Array.from({ length: 120 }, (_, time) => `time ${time}`)
  const rejected = engine.state()
  const state = reasons.reduce<AppState>(
    ({ lifts }, reason) =>
      liftRelease({ ...rejected, ...(lifts && { lifts }) }, digest, { reason, by: 'ada', at: 1 }),
    rejected,
  )
  assert.deepEqual(
    state.lifts?.map(({ reason }) => reason),
    reasons.slice(-100),
  )
})

test('what is not rejected, or not named clearly, is refused with what is', async (t) => {
  const engine = await openEngine(t)
  const lift = (release: string): Promise<unknown> =>
    liftQuarantine(engine.host, { release, reason: 'x' })
  await assert.rejects(lift('shop@1'), { code: 'not-found', hint: 'no release is quarantined' })
  await reject(engine, `${'a'.repeat(63)}1`, '1')
  await reject(engine, `${'a'.repeat(63)}2`, '2')
  await assert.rejects(lift('aaaaaaaa'), { message: /fits several/ })
  await assert.rejects(lift('a'), { code: 'not-found', hint: 'quarantined: shop@1, shop@2' })
})
