import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { temporaryFolder } from '../../../../test/support/temp-folder.ts'
import { loadConfig } from './load-config.ts'
import type { ToolConfig } from './tool-config.ts'

interface Place {
  readonly root: string
  readonly load: (
    env?: Record<string, string>,
  ) => Promise<{ config: ToolConfig; warnings: string[] }>
}

function place(t: TestContext, files: Record<string, string>): Place {
  const root = temporaryFolder(t)
  mkdirSync(join(root, 'bin'))
  mkdirSync(join(root, 'etc'))
  writeFileSync(join(root, 'bin/c2'), '')
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'etc', name), text)
  return {
    root,
    load: async (env = {}) => {
      const warnings: string[] = []
      const warn = (text: string): void => void warnings.push(text)
      return { config: await loadConfig({ env, executable: join(root, 'bin/c2'), warn }), warnings }
    },
  }
}

const least = { releases: { localdir: '/r' } }

test('the least configuration has every default', async (t) => {
  const { load } = place(t, { 'camus2.json': JSON.stringify(least) })
  assert.deepEqual((await load()).config, {
    deploysDir: '/opt/deploys',
    contextCache: '/opt/config',
    logFile: '/opt/var/log/camus2.log',
    letsencryptPrefixDir: '/opt',
    letsencryptWwwDir: '/opt/var/www',
    autoCertName: 'camus2cert',
    autoCertContactEmail: '',
    releases: { type: 'localdir', path: '/r' },
    configSources: new Map(),
    deployMode: undefined,
    healthCheck: { incomingPath: '/health-check', outgoingPath: '/', endpoint: undefined },
    nginxDockerImage: 'nginx',
    nginxDockerVersion: '1.21.3',
  })
})

test('proxy mode has its defaults, and S3 may be configured', async (t) => {
  const deployMode = { proxy: { endPoints: {} } }
  const config = { deployMode, releases: { s3: 's3://b/k' }, healthCheck: 'nothing' }
  const { load } = place(t, { 'camus2.json': JSON.stringify(config) })
  const loaded = (await load()).config
  assert.deepEqual(loaded.deployMode?.dynamicPortRange, { v1: 8000, v2: 8100 })
  assert.equal(loaded.deployMode?.remoteStateS3, undefined)
  assert.equal(loaded.healthCheck, undefined)
  assert.deepEqual(loaded.releases, { type: 's3', path: 's3://b/k' })
})

test('finds the file beside the real program when called through a link', async (t) => {
  const { root } = place(t, { 'camus2.json': JSON.stringify(least) })
  const link = join(temporaryFolder(t), 'c2')
  symlinkSync(join(root, 'bin/c2'), link)
  const loaded = await loadConfig({ env: {}, executable: link, warn: () => undefined })
  assert.deepEqual(loaded.releases, { type: 'localdir', path: '/r' })
})

test('JSON wins over YAML, and YAML is read when it is alone', async (t) => {
  const yaml = 'releases: {localdir: /yaml}\n'
  const both = place(t, { 'camus2.json': JSON.stringify(least), 'camus2.yaml': yaml })
  assert.deepEqual((await both.load()).config.releases, { type: 'localdir', path: '/r' })
  const alone = place(t, { 'camus2.yaml': yaml })
  assert.deepEqual((await alone.load()).config.releases, { type: 'localdir', path: '/yaml' })
})

test('CAMUS2_CONFIG is the only candidate', async (t) => {
  const { load, root } = place(t, { 'camus2.json': JSON.stringify(least) })
  await assert.rejects(load({ CAMUS2_CONFIG: '/nowhere/c.json' }), {
    code: 'config-missing',
    message: 'Config file not found, tried: /nowhere/c.json',
  })
  writeFileSync(join(root, 'other.yaml'), 'releases: {localdir: /other}')
  const { config } = await load({ CAMUS2_CONFIG: join(root, 'other.yaml') })
  assert.deepEqual(config.releases, { type: 'localdir', path: '/other' })
})

test('names every place it looked at', async (t) => {
  const { load, root } = place(t, {})
  await assert.rejects(load(), {
    message: `Config file not found, tried: ${root}/etc/camus2.json, ${root}/etc/camus2.yaml`,
  })
})

test('a configuration in S3 is refused clearly', async (t) => {
  const { load } = place(t, {})
  await assert.rejects(load({ CAMUS2_CONFIG: 's3://b/c.json' }), { code: 'unsupported' })
})

for (const name of ['conf.yml', 'conf', 'conf.toml', 'conf.JSON']) {
  test(`refuses the file type of ${name}`, async (t) => {
    const { load, root } = place(t, { [name]: '{}' })
    const file = join(root, 'etc', name)
    await assert.rejects(load({ CAMUS2_CONFIG: file }), {
      message: `Unknown file type for config file: ${file} (expected .json or .yaml)`,
    })
  })
}

/** What is wrong: name, configuration, end of the message. */
const refused: readonly [string, unknown, string][] = [
  ['no releases', {}, 'expected field releases at $'],
  [
    'two release stores',
    { releases: { s3: 's3://b', localdir: '/r' } },
    'expected string or singleton object for union at releases',
  ],
  [
    'a null port range',
    { ...least, deployMode: { proxy: { endPoints: {}, dynamicPortRange: null } } },
    'expected an object at deployMode.proxy.dynamicPortRange',
  ],
  [
    'a null remote state',
    { ...least, deployMode: { proxy: { endPoints: {}, remoteStateS3: null } } },
    'expected string or singleton object for union at deployMode.proxy.remoteStateS3',
  ],
  [
    'a bare proxy mode',
    { ...least, deployMode: 'proxy' },
    'expected an object at deployMode.proxy',
  ],
  [
    'an unknown mode',
    { ...least, deployMode: 'slave' },
    'expected a discriminator for DeployMode (noproxy,proxy) at deployMode.slave',
  ],
  [
    'an endpoint without a type',
    { ...least, deployMode: { proxy: { endPoints: { m: { serverNames: [] } } } } },
    'expected field etype at deployMode.proxy.endPoints.m',
  ],
  [
    'a health check that is a plain object',
    { ...least, healthCheck: { incomingPath: '/', outgoingPath: '/' } },
    'expected string or singleton object for union at healthCheck',
  ],
  [
    'a port as text',
    { ...least, deployMode: { proxy: { endPoints: {}, dynamicPortRange: { v1: '1', v2: 2 } } } },
    'expected a number at deployMode.proxy.dynamicPortRange.v1',
  ],
  ['a list as the whole file', [], 'expected an object at $'],
]

for (const [name, config, end] of refused) {
  test(`refuses ${name}`, async (t) => {
    const { load, root } = place(t, { 'camus2.json': JSON.stringify(config) })
    await assert.rejects(load(), {
      code: 'config-invalid',
      message: `Unable to parse a value of ADL type config.ToolConfig from ${root}/etc/camus2.json: ${end}`,
    })
  })
}

for (const [name, text] of [
  ['an empty file', ''],
  ['cut JSON', '{"releases"'],
  ['JSON with a comment', '{} // x'],
] as const) {
  test(`refuses ${name} and names it`, async (t) => {
    const { load } = place(t, { 'camus2.json': text })
    await assert.rejects(load(), /Unable to parse json from .*camus2\.json/)
  })
}

test('YAML types are checked like JSON ones', async (t) => {
  const start = 'releases: {localdir: /r}\n'
  const version = place(t, { 'camus2.yaml': `${start}nginxDockerVersion: 1.21\n` })
  await assert.rejects(version.load(), /expected a string at nginxDockerVersion/)
  const mail = place(t, { 'camus2.yaml': `${start}autoCertContactEmail: no\n` })
  await assert.rejects(mail.load(), /expected a string at autoCertContactEmail/)
})

test('takes noproxy as an object and ignores unknown keys', async (t) => {
  const config = { ...least, deployMode: { noproxy: null }, label: 'x' }
  const { load } = place(t, { 'camus2.json': JSON.stringify(config) })
  assert.equal((await load()).config.deployMode, undefined)
})

test('takes releasesDir for deploysDir with a warning, unless both are there', async (t) => {
  const old = place(t, { 'camus2.json': JSON.stringify({ ...least, releasesDir: '/old' }) })
  const { config, warnings } = await old.load()
  assert.equal(config.deploysDir, '/old')
  assert.match(warnings.join('\n'), /releasesDir is deprecated/)
  const both = { ...least, releasesDir: '/old', deploysDir: '/new' }
  const loaded = await place(t, { 'camus2.json': JSON.stringify(both) }).load()
  assert.equal(loaded.config.deploysDir, '/new')
  assert.deepEqual(loaded.warnings, [])
})

test('takes the spellings of the guide: S3, and https without a certificate mode', async (t) => {
  const endPoints = { m: { serverNames: ['a'], etype: 'httpsWithRedirect' } }
  const config = { releases: { S3: 's3://b/k' }, deployMode: { proxy: { endPoints } } }
  const { load } = place(t, { 'camus2.json': JSON.stringify(config) })
  const loaded = (await load()).config
  assert.deepEqual(loaded.releases, { type: 's3', path: 's3://b/k' })
  assert.deepEqual(loaded.deployMode?.endPoints.get('m')?.etype, {
    type: 'httpsWithRedirect',
    certificate: { type: 'generated' },
  })
})
