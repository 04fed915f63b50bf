import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { openEngine, type Engine } from '../../../test/support/engine.ts'
import { appPaths } from '../layout.ts'
import { deployRelease } from './deploy-release.ts'
import { pruneHost } from './prune-host.ts'

const retention = { keep: 0, diskFloor: 0 }

async function deployThree(engine: Engine): Promise<void> {
  for (const version of ['1', '2', '3']) {
    await deployRelease(engine.host, { release: await engine.pack({ version }) })
  }
}

function listTree(engine: Engine): string[] {
  return readdirSync(engine.host.layout.root, { recursive: true, encoding: 'utf8' }).toSorted()
}

test('every deploy prunes its own app: the current and the last good release stay', async (t) => {
  const engine = await openEngine(t, { retention })
  await deployThree(engine)
  const { releases, deploys } = appPaths(engine.host.layout, 'shop')
  assert.deepEqual(readdirSync(deploys), ['shop-2', 'shop-3'])
  assert.equal(readdirSync(releases).length, 2)
  assert.deepEqual(Object.keys(engine.state().deploys).toSorted(), ['shop-2', 'shop-3'])
})

test('a dry run tells the same and changes nothing', async (t) => {
  const engine = await openEngine(t)
  await deployThree(engine)
  const { root } = engine.host.layout
  const left = [
    'apps/shop/deploys/.removed.4194304.1',
    'staging/20200101-000000-gone',
    'apps/shop/deploys/unknown',
  ]
  for (const place of left) mkdirSync(join(root, place), { recursive: true })
  writeFileSync(join(root, 'apps/shop/state/contexts', `${'0'.repeat(64)}.json`), '{}')
  const before = listTree(engine)
  const told = await pruneHost(engine.host, { dryRun: true })
  // The lock's holder changes with every command, in place.
  assert.deepEqual(listTree(engine), before)
  const done = await pruneHost(engine.host, { dryRun: false })
  assert.deepEqual(done.removed, told.removed)
  assert.deepEqual(done.removed.map(({ kind }) => kind).toSorted(), [
    'context',
    'deploy',
    'staging',
  ])
  for (const place of left) assert.equal(existsSync(join(root, place)), false, place)
})

test('an unknown app is refused, and no directory is made for it', async (t) => {
  const engine = await openEngine(t)
  await assert.rejects(pruneHost(engine.host, { app: 'nope', dryRun: false }), {
    code: 'not-found',
  })
  assert.equal(existsSync(join(engine.host.layout.root, 'apps/nope')), false)
})
