import assert from 'node:assert/strict'
import test from 'node:test'

import { AppError } from '../errors/index.ts'
import { manifestJsonSchema } from './manifest-json-schema.ts'
import type { Manifest } from './manifest.ts'
import { manifestForRole, readManifest } from './read-manifest.ts'

function read(manifest: unknown, archive = 'shop-1.4.2.tar.gz'): Promise<Manifest> {
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
  return readManifest(text, 'release.json', archive)
}

test('an empty manifest has sane defaults', async () => {
  assert.deepEqual(await read({}), {
    name: 'shop',
    version: '1.4.2',
    templates: [],
    configSources: {},
    prestartCommand: '',
    startCommand: '',
    stopCommand: '',
    service: undefined,
    listen: 'port',
    check: undefined,
    drain: { timeout: 30_000 },
    migrate: undefined,
    shared: { files: [], directories: [] },
    hooks: { afterSwitch: undefined, afterStop: undefined },
    roles: {},
  })
})

test('each part has its own defaults', async () => {
  const manifest = await read({
    service: { command: 'exec ./app' },
    check: { type: 'http' },
    migrate: { command: './migrate' },
    drain: {},
    hooks: { afterSwitch: { command: './warm' } },
    shared: { files: ['.env'] },
  })
  assert.deepEqual(manifest.service, {
    command: 'exec ./app',
    env: {},
    stopSignal: 'SIGTERM',
    grace: 10_000,
  })
  assert.deepEqual(manifest.check, {
    type: 'http',
    path: '/',
    status: [200, 204],
    interval: 500,
    timeout: 2000,
    successes: 2,
    within: 60_000,
  })
  assert.deepEqual(manifest.migrate, {
    command: './migrate',
    timeout: 600_000,
    undoCommand: undefined,
  })
  assert.deepEqual(manifest.hooks.afterSwitch, {
    command: './warm',
    timeout: 300_000,
    idempotent: false,
  })
  assert.deepEqual(manifest.shared, { files: ['.env'], directories: [] })
})

test('a manifest of Camus2 is read', async () => {
  const manifest = await read({
    templates: ['docker-compose.yml.tpl'],
    configSources: { app: 'config/app.json' },
    prestartCommand: 'docker compose pull',
    startCommand: 'docker compose up -d',
    stopCommand: 'docker compose kill',
  })
  assert.equal(manifest.startCommand, 'docker compose up -d')
  assert.deepEqual(manifest.configSources, { app: 'config/app.json' })
})

async function named(archive: string, manifest: unknown = {}): Promise<string> {
  const { name, version } = await read(manifest, archive)
  return `${name} ${version}`
}

test('name and version come from the file name where the manifest has none', async () => {
  assert.equal(await named('shop-1.4.2.zip'), 'shop 1.4.2')
  assert.equal(await named('my-shop-2.0.0-rc.1.tar.zst'), 'my-shop 2.0.0-rc.1')
  assert.equal(await named('shop.tgz'), 'shop 0')
  assert.equal(await named('whatever', { name: 'x', version: 'v9' }), 'x v9')
  assert.equal(await named('shop-1.zip', { version: '2' }), 'shop 2')
})

test('a role replaces the keys it gives', async () => {
  const manifest = await read({
    service: { command: 'exec ./web' },
    check: { type: 'tcp' },
    drain: { timeout: '1m' },
    roles: {
      worker: {
        service: { command: 'exec ./worker' },
        check: { type: 'command', command: 'true' },
      },
      cron: { startCommand: 'true' },
    },
  })
  const worker = manifestForRole(manifest, 'worker')
  assert.equal(worker.service?.command, 'exec ./worker')
  assert.equal(worker.check?.type, 'command')
  assert.equal(worker.drain.timeout, 60_000)
  const cron = manifestForRole(manifest, 'cron')
  assert.deepEqual([cron.service, cron.startCommand], [undefined, 'true'])
  assert.equal(manifestForRole(manifest, 'other'), manifest)
  assert.equal(manifestForRole(manifest, undefined), manifest)
})

test('the JSON Schema describes the file as it is written', async () => {
  const schema = (await manifestJsonSchema()) as {
    properties: Record<string, unknown>
    additionalProperties: boolean
    required?: string[]
  }
  assert.equal(schema.additionalProperties, false)
  assert.equal(schema.required, undefined)
  assert.deepEqual(Object.keys(schema.properties).slice(0, 5), [
    '$schema',
    'name',
    'version',
    'templates',
    'configSources',
  ])
  assert.match(JSON.stringify(schema), /"pattern":"\^\(\\\\d\{1,9\}\)\(ms\|s\|m\|h\)\$"/)
})

const service = { command: 'x' }

const refused: readonly [string, unknown, RegExp][] = [
  ['an unknown key', { startComand: 'x' }, /^release\.json:1:2: unknown key "startComand"/],
  ['an unknown key in a check', { check: { type: 'tcp', path: '/' } }, /check: unknown key "path"/],
  ['an unknown key in a role', { roles: { web: { name: 'x' } } }, /roles\.web: unknown key "name"/],
  ['a list', [], /expected object, got array/],
  ['a string', '"x"', /expected object, got string/],
  ['null', 'null', /expected object, got null/],
  ['a broken file', '{', /^release\.json:1:2: /],
  ['a name with capitals', { name: 'Shop' }, /name/],
  ['a name of 33 characters', { name: 'x'.repeat(33) }, /name/],
  ['the name current', { name: 'current' }, /name/],
  ['a name with a slash', { name: '../x' }, /name/],
  ['a numeric version', { version: 1.4 }, /version: expected string, got number/],
  ['a version with a slash', { version: '1/2' }, /version/],
  ['an empty version', { version: '' }, /version/],
  ['an absolute template', { templates: ['/etc/x.tpl'] }, /templates\[0\]/],
  ['a template outside', { templates: ['../x.tpl'] }, /templates\[0\]/],
  ['a template without an extension', { templates: ['Makefile'] }, /no extension/],
  ['a template over release.json', { templates: ['release.json.tpl'] }, /overwrite release\.json/],
  ['two templates to one file', { templates: ['a.b', 'a.c'] }, /two templates/],
  ['templates that are no list', { templates: 'a.tpl' }, /expected array/],
  ['a source outside', { configSources: { a: '../a.json' } }, /configSources\.a/],
  ['a source with a bad name', { configSources: { 'A B': 'a.json' } }, /configSources/],
  ['null for a command', { startCommand: null }, /startCommand: expected string, got null/],
  ['a command of 100 kB', { startCommand: 'x'.repeat(100_000) }, /startCommand/],
  ['service and startCommand', { service, startCommand: 'y' }, /exclude each other/],
  ['service and stopCommand', { service, stopCommand: 'y' }, /exclude each other/],
  [
    'service and startCommand in a role',
    { roles: { web: { service, startCommand: 'y' } } },
    /role web: .*exclude/,
  ],
  ['a service without a command', { service: {} }, /service\.command: is missing/],
  ['an empty service command', { service: { command: '' } }, /service\.command/],
  [
    'a service with LD_PRELOAD',
    { service: { ...service, env: { LD_PRELOAD: 'x' } } },
    /service\.env\.LD_PRELOAD/,
  ],
  [
    'a service with a number in env',
    { service: { ...service, env: { A: 1 } } },
    /service\.env\.A: expected string/,
  ],
  ['a value with NUL in env', { service: { ...service, env: { A: 'a\0' } } }, /control character/],
  ['an unknown stop signal', { service: { ...service, stopSignal: 'SIGKILL' } }, /stopSignal/],
  ['a grace of 2 hours', { service: { ...service, grace: '2h' } }, /grace/],
  ['an unknown way to listen', { listen: 'pipe' }, /listen/],
  ['a check of unknown type', { check: { type: 'udp' } }, /check/],
  ['a check without a type', { check: {} }, /check/],
  ['a check of a relative path', { check: { type: 'http', path: 'health' } }, /check\.path/],
  ['a check path with a line break', { check: { type: 'http', path: '/a\nb' } }, /check\.path/],
  ['a check of status 0', { check: { type: 'http', status: [0] } }, /status/],
  ['a check of no status', { check: { type: 'http', status: [] } }, /status/],
  ['a check with 0 successes', { check: { type: 'tcp', successes: 0 } }, /successes/],
  ['a check every 1ms', { check: { type: 'tcp', interval: '1ms' } }, /interval/],
  ['a check time-out in seconds without unit', { check: { type: 'tcp', timeout: 2 } }, /timeout/],
  ['a command check without a command', { check: { type: 'command' } }, /command: is missing/],
  ['a negative drain', { drain: { timeout: '-1s' } }, /drain\.timeout/],
  ['a drain of a month', { drain: { timeout: '720h' } }, /drain\.timeout/],
  ['a migration without a command', { migrate: {} }, /migrate\.command/],
  [
    'a hook of unknown name',
    { hooks: { beforeLunch: { command: 'x' } } },
    /unknown key "beforeLunch"/,
  ],
  [
    'idempotent as a word',
    { hooks: { afterStop: { command: 'x', idempotent: 'yes' } } },
    /idempotent: expected boolean/,
  ],
  ['the record of deploys as shared', { shared: { directories: ['.sluice'] } }, /sluice’s own/],
  ['itself as shared', { shared: { files: ['release.json'] } }, /sluice’s own/],
  [
    'the record of deploys as a template',
    { templates: ['.sluice/deploy.json.tpl'] },
    /sluice’s own/,
  ],
  ['a shared file outside', { shared: { files: ['../.env'] } }, /shared\.files\[0\]/],
  [
    'a shared directory in a shared directory',
    { shared: { directories: ['a', 'a/b'] } },
    /one within the other/,
  ],
  ['a path shared twice', { shared: { files: ['a'], directories: ['a'] } }, /one within the other/],
  ['a role with a bad name', { roles: { 'Web Server': {} } }, /roles/],
  ['a role called __proto__', '{"roles": {"__proto__": {}}}', /not allowed/],
]

for (const [name, manifest, words] of refused) {
  test(`release.json with ${name} is refused`, async () => {
    await assert.rejects(read(manifest), (error: unknown) => {
      assert.ok(error instanceof AppError, String(error))
      assert.equal(error.code, 'manifest-invalid')
      assert.match(`${error.message}\n${error.output ?? ''}`, words)
      assert.match(error.message, /^release\.json/)
      return true
    })
  })
}

for (const archive of [
  'Shop.zip',
  '.zip',
  '-1.zip',
  'a b-1.zip',
  'shop-1 2.zip',
  `${'x'.repeat(40)}-1.zip`,
]) {
  test(`a manifest without a name in ${archive} asks for one`, async () => {
    await assert.rejects(read({}, archive), {
      code: 'manifest-invalid',
      hint: /^add "(name|version)" to release\.json$/,
    })
  })
}
