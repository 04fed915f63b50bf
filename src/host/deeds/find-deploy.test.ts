import assert from 'node:assert/strict'
import test from 'node:test'

import { openEngine, type Engine } from '../../../test/support/engine.ts'
import { withDeploy, type DeployEntry } from '../state/app-state.ts'
import { withSettledApp } from '../deploy/lock-app.ts'
import { findDeploy } from './find-deploy.ts'

function entry(label: string): DeployEntry {
  return {
    label,
    release: { name: 'shop', version: '1', digest: 'd' },
    wanted: 'running',
    port: 1,
    socketDirectory: undefined,
    driver: 'command',
    createdAt: 1,
    deployment: 'd1',
  }
}

async function record(engine: Engine, app: string, ...labels: string[]): Promise<void> {
  await withSettledApp(engine.host, app, 'test', async (locked) => {
    for (const label of labels) locked.update((state) => withDeploy(state, entry(label)))
  })
}

test('a deploy is found by its label, or by app and label where two apps have that', async (t) => {
  const engine = await openEngine(t)
  await record(engine, 'shop', 'v1', 'v2')
  await record(engine, 'blog', 'v1')
  assert.equal(findDeploy(engine.host, 'v2').app, 'shop')
  assert.equal(findDeploy(engine.host, 'blog/v1').app, 'blog')
  assert.throws(() => findDeploy(engine.host, 'v1'), {
    code: 'usage',
    hint: 'say blog/v1 or shop/v1',
  })
})

test('an unknown deploy is refused with the nearest label, or with all there are', async (t) => {
  const engine = await openEngine(t)
  assert.throws(() => findDeploy(engine.host, 'v1'), { hint: /no deploys/ })
  await record(engine, 'shop', 'shop-1', 'shop-2')
  assert.throws(() => findDeploy(engine.host, 'shop-l'), { hint: 'did you mean "shop-1"?' })
  assert.throws(() => findDeploy(engine.host, 'canary'), { hint: /shop-1, shop-2/ })
  assert.throws(() => findDeploy(engine.host, 'blog/shop-1'), { code: 'not-found' })
  assert.throws(() => findDeploy(engine.host, '../shop-1'), { code: 'not-found' })
})
