import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import test from 'node:test'

import { openEngine, type Engine } from '../../../test/support/engine.ts'
import { appPaths } from '../layout.ts'
import { bootHost } from './boot-host.ts'
import { deployRelease } from './deploy-release.ts'

async function deploy(engine: Engine, name: string, version: string): Promise<void> {
  await deployRelease(engine.host, { release: await engine.pack({ name, version }) })
}

test('boot starts what was wanted and nothing else, and gives the proxy its routes', async (t) => {
  const engine = await openEngine(t)
  await deploy(engine, 'shop', '1')
  await deploy(engine, 'shop', '2')
  await deploy(engine, 'worker', '1')
  engine.running.clear()
  const { started, problems } = await bootHost(engine.host)
  assert.deepEqual([started, problems], [['shop/shop-2', 'worker/worker-1'], []])
  assert.deepEqual([...engine.running].toSorted(), ['shop/shop-2', 'worker/worker-1'])
})

test('one deploy that does not start, and one app that cannot be read, keep no other down', async (t) => {
  const engine = await openEngine(t)
  for (const name of ['blog', 'shop', 'worker']) await deploy(engine, name, '1')
  engine.running.clear()
  const { stateFile } = appPaths(engine.host.layout, 'worker')
  for (const file of [stateFile, `${stateFile}.previous`]) writeFileSync(file, 'damaged')
  engine.onStart = ({ app }) => {
    if (app === 'blog') throw new Error('no such program')
  }
  const { started, problems } = await bootHost(engine.host)
  assert.deepEqual(started, ['shop/shop-1'])
  assert.match(problems.join('\n'), /^blog\/blog-1: no such program\nworker: .* damaged$/)
})

test('boot points `current` at the binding in force, and leaves a link alone that is right', async (t) => {
  const engine = await openEngine(t)
  await deploy(engine, 'shop', '1')
  await deploy(engine, 'shop', '2')
  const { current } = appPaths(engine.host.layout, 'shop')
  rmSync(current)
  await bootHost(engine.host)
  assert.equal(readlinkSync(current), 'deploys/shop-2')
  const { ino } = lstatSync(current)
  await bootHost(engine.host)
  assert.equal(lstatSync(current).ino, ino)
  rmSync(current)
  symlinkSync('deploys/shop-1', current)
  await bootHost(engine.host)
  assert.equal(readlinkSync(current), 'deploys/shop-2')
})

test('what stands in the way of `current` is told and keeps no deploy down', async (t) => {
  const engine = await openEngine(t)
  await deploy(engine, 'shop', '1')
  const { current } = appPaths(engine.host.layout, 'shop')
  rmSync(current)
  mkdirSync(current)
  engine.running.clear()
  const { started, problems } = await bootHost(engine.host)
  assert.deepEqual(started, ['shop/shop-1'])
  assert.match(problems.join('\n'), /^shop: .*\/current/)
})
