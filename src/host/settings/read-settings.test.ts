import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import type { AppError } from '../../errors/index.ts'
import type { HostSettings } from './host-settings.ts'
import { readHostSettings, type SettingsPlace } from './read-settings.ts'

async function read(t: TestContext, settings: unknown): Promise<HostSettings> {
  const cwd = temporaryFolder(t)
  writeFileSync(join(cwd, 'sluice.yaml'), JSON.stringify(settings))
  return await readHostSettings({ environment: {}, cwd })
}

test('behind nginx an endpoint without host names is refused before anything is done', async (t) => {
  const endpoints = { main: {}, shop: { serverNames: ['shop.test'] } }
  await assert.rejects(read(t, { proxy: { driver: 'nginx' }, endpoints }), {
    code: 'config-invalid',
    message: /sluice\.yaml:1:\d+: endpoints\.main: has no serverNames, which driver "nginx" needs/,
  })
  assert.equal((await read(t, { endpoints })).endpoints['main']?.serverNames.length, 0)
})

test('a mode that does not go with the driver is refused', async (t) => {
  await assert.rejects(read(t, { proxy: { driver: 'embedded', mode: 'socket' } }), {
    code: 'config-invalid',
    message:
      /sluice\.yaml:1:\d+: proxy\.mode: does not go with driver "embedded", which has mode proxy, got "socket"/,
  })
})

/** What is written, and what is said of it, behind `sluice.yaml:LINE:COLUMN: `. */
const refused: readonly (readonly [string, RegExp])[] = [
  ['roots: /opt', /^1:1: unknown key "roots"/],
  ['root: opt/sluice', /^1:7: root: is not an absolute path/],
  ['root: "/opt/a\\0b"', /^1:7: a control character/],
  ['root: [/opt]', /^1:7: root: expected string, got array/],
  ['runDir: run', /^1:9: runDir: is not an absolute path/],
  ['store: ""', /^1:8: store: /],
  ['storeTokenFile: token', /^1:17: storeTokenFile: is not an absolute path/],
  ['ports: 8000', /^1:8: ports: expected object/],
  ['ports: { from: 0, to: 10 }', /^1:16: ports\.from: /],
  ['ports: { from: 1, to: 65536 }', /^1:23: ports\.to: /],
  ['ports: { from: 20, to: 10 }', /^1:8: ports: must not end before it begins/],
  ['ports: { from: 8000 }', /ports\.to: is missing/],
  ['proxy: { driver: caddy }', /^1:18: proxy\.driver: /],
  ['proxy: { driver: nginx, mode: proxy }', /^1:31: proxy\.mode: does not go with driver "nginx"/],
  ['proxy: { http: { address: localhost } }', /^1:27: proxy\.http\.address: /],
  ['proxy: { http: { port: "80" } }', /^1:24: proxy\.http\.port: expected number, got string/],
  ['proxy: { timeout: 0s }', /^1:19: proxy\.timeout: must be between 1 /],
  ['proxy: { maxBody: lots }', /^1:19: proxy\.maxBody: is not a size/],
  ['proxy: { healthPath: "/a b" }', /^1:22: proxy\.healthPath: is not a path/],
  ['proxy: { trustedProxies: [10.0.0.0/8] }', /^1:27: proxy\.trustedProxies\[0\]: /],
  ['proxy: { nginx: { program: nginx } }', /^1:28: proxy\.nginx\.program: is not an absolute path/],
  ['endpoints: [main]', /^1:12: endpoints: expected /],
  ['endpoints: { Main: {} }', /^1:14: endpoints.*"Main" is not an endpoint name/],
  ['endpoints: { ../x: {} }', /^1:14: endpoints.*is not an endpoint name/],
  ['endpoints: { a: { serverNames: ["a b"] } }', /^1:33: endpoints\.a\.serverNames\[0\]: /],
  ['endpoints: { a: { tls: { certificate: /a } } }', /endpoints\.a\.tls\.key: is missing/],
  ['configSources: { site: site.yaml }', /^1:24: configSources\.site: is not an absolute path/],
  ['configSources: { ../site: /a }', /^1:18: configSources.*is not a label/],
  ['retention: { keep: -1 }', /^1:20: retention\.keep: /],
  ['retention: { bytes: 10 GB }', /^1:21: retention\.bytes: is not a size/],
  ['retention: { history: 0 }', /^1:23: retention\.history: /],
  ['limits: { ratio: 0 }', /^1:18: limits\.ratio: /],
  ['user: ""', /^1:7: user: /],
  ['user: 1000', /^1:7: user: expected string, got number/],
  ['driver: docker', /^1:9: driver: /],
  ['bake: { for: 5 }', /^1:14: bake\.for: expected string, got number/],
  ['bake: { for: 5 minutes }', /^1:14: bake\.for: is not a duration/],
  ['bake: { failures: 0 }', /^1:19: bake\.failures: /],
  ['confirmWithin: 10ms', /^1:16: confirmWithin: must be between 100 /],
  ['probeInterval: 1ms', /^1:16: probeInterval: must be between 5 /],
  ['logLimit: -1', /^1:11: logLimit: /],
  ['host: { name: "" }', /^1:15: host\.name: /],
  ['host: { properties: { rack: 1 } }', /^1:29: host\.properties\.rack: expected string/],
  ['- root', /^1:1: expected object, got array/],
  ['root: /a\nroot: /b', /^2:1: /],
  ['root: *anchor', /^1:7: /],
]

for (const [text, expected] of refused) {
  test(`${JSON.stringify(text)} is refused with its place`, async (t) => {
    const cwd = temporaryFolder(t)
    const file = join(cwd, 'sluice.yaml')
    writeFileSync(file, text)
    await assert.rejects(readHostSettings({ environment: {}, cwd }), (error: AppError) => {
      assert.equal(error.code, 'config-invalid')
      const said = error.message.slice(`${file}:`.length)
      assert.match(said, expected)
      return true
    })
  })
}

test('no key is required', async (t) => {
  const settings = await read(t, {})
  assert.deepEqual(
    [settings.root, settings.proxy.driver, settings.proxy.mode, settings.ports],
    ['/opt/sluice', 'embedded', 'proxy', { from: 8000, to: 8099 }],
  )
})

test('the file is the one named, else that of $SLUICE_CONFIG, else ./sluice.yaml', async (t) => {
  const cwd = temporaryFolder(t)
  for (const name of ['named', 'environment', 'sluice'])
    writeFileSync(join(cwd, `${name}.yaml`), `root: /${name}`)
  const environment = { SLUICE_CONFIG: 'environment.yaml' }
  const rootOf = async (place: Omit<SettingsPlace, 'cwd'>): Promise<string> =>
    (await readHostSettings({ ...place, cwd })).root
  assert.equal(await rootOf({ config: 'named.yaml', environment }), '/named')
  assert.equal(await rootOf({ environment }), '/environment')
  assert.equal(await rootOf({ environment: {} }), '/sluice')
})

test('a file that is named and missing is not looked for elsewhere', async (t) => {
  const cwd = temporaryFolder(t)
  writeFileSync(join(cwd, 'sluice.yaml'), '')
  await assert.rejects(readHostSettings({ config: 'gone.yaml', environment: {}, cwd }), {
    code: 'config-missing',
    message: `no configuration file; tried ${join(cwd, 'gone.yaml')}`,
  })
})

test('an empty file is refused: it may have been cut off', async (t) => {
  const cwd = temporaryFolder(t)
  writeFileSync(join(cwd, 'sluice.yaml'), '')
  await assert.rejects(readHostSettings({ environment: {}, cwd }), {
    code: 'config-invalid',
    message: /sluice\.yaml is empty/,
  })
})

test('a relative store lies beside the file that names it', async (t) => {
  assert.match((await read(t, { store: 'releases' })).store, /^\/.*\/releases$/)
  const store = 'https://releases.example.org/shop'
  assert.equal((await read(t, { store })).store, store)
})
