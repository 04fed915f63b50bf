import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { openEngine, type Engine } from '../../../test/support/engine.ts'
import { deployRelease } from '../deeds/deploy-release.ts'
import { rollBack } from '../deeds/roll-back.ts'
import { appPaths } from '../layout.ts'

const template = { 'out.json.tpl': '{"port": {{port}}, "color": "{{site.color}}"}' }
const manifest = { templates: ['out.json.tpl'], configSources: { site: 'site.json' } }

async function deploy(
  engine: Engine,
  version: string,
  color = 'red',
): ReturnType<typeof deployRelease> {
  const files = { ...template, 'site.json': JSON.stringify({ color }) }
  return await deployRelease(engine.host, {
    release: await engine.pack({ version, manifest, files }),
  })
}

function rendered(engine: Engine, label: string): { color: string; port: number } {
  const { deploys } = appPaths(engine.host.layout, 'shop')
  return JSON.parse(readFileSync(join(deploys, label, 'out.json'), 'utf8')) as never
}

async function withSource(t: Parameters<typeof openEngine>[0], text: string): Promise<Engine> {
  const engine = await openEngine(t)
  const file = join(engine.folder, 'site.yaml')
  writeFileSync(file, text)
  Object.assign(engine.host.settings, { configSources: { site: file } })
  return engine
}

test('the host’s source of the same name goes before the release’s', async (t) => {
  const engine = await withSource(t, 'color: blue')
  await deploy(engine, '1')
  const { color, port } = rendered(engine, 'shop-1')
  assert.deepEqual([color, port], ['blue', engine.state().deploys['shop-1']?.port])
})

test('the configuration is kept once per content, for us alone', async (t) => {
  const engine = await openEngine(t)
  await deploy(engine, '1')
  await deploy(engine, '2')
  const [first, second] = engine.state().bindings
  assert.equal(first?.contextHash, second?.contextHash)
  const kept = join(appPaths(engine.host.layout, 'shop').contexts, `${first?.contextHash}.json`)
  assert.equal(statSync(kept).mode & 0o777, 0o600)
  assert.deepEqual(JSON.parse(readFileSync(kept, 'utf8')), { site: { color: 'red' } })
})

test('a rollback that renders anew uses the configuration of then, not of now', async (t) => {
  const engine = await withSource(t, 'color: blue')
  await deploy(engine, '1')
  await deploy(engine, '2')
  writeFileSync(join(engine.folder, 'site.yaml'), 'color: green')
  rmSync(join(appPaths(engine.host.layout, 'shop').deploys, 'shop-1'), { recursive: true })
  const { label = '' } = await rollBack(engine.host, {})
  assert.deepEqual([label, rendered(engine, label).color], ['shop-1-2', 'blue'])
})

test('a source that is missing, a directory, or not YAML stops the deploy and is named', async (t) => {
  const engine = await withSource(t, 'color: [unclosed')
  const file = join(engine.folder, 'site.yaml')
  const failure = async (): Promise<[string | undefined, string]> => {
    const { error } = await deploy(engine, '1')
    return [error?.code, error?.message ?? '']
  }
  const [code, message] = await failure()
  assert.deepEqual([code, message.startsWith(`${file}:`)], ['context-invalid', true], message)
  rmSync(file)
  assert.match(
    (await failure()).join(' '),
    /^context-invalid configuration source "site": .*ENOENT/,
  )
  mkdirSync(file)
  assert.match(
    (await failure()).join(' '),
    /^context-invalid configuration source "site": .*EISDIR/,
  )
})
