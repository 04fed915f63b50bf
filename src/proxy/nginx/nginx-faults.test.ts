import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import { proxySettings } from '../../../test/support/embedded-proxy.ts'
import { freePort } from '../../../test/support/free-port.ts'
import { startNginx } from '../../../test/support/private-nginx.ts'
import { startApp, type TestApp } from '../../../test/support/proxy-app.ts'
import { sendRaw } from '../../../test/support/raw-client.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { toolOrSkip } from '../../../test/support/tools.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { sendSignal, systemClock } from '../../system/index.ts'
import { parseEndpoint } from '../endpoint.ts'
import { withEndpoints } from '../route-changes.ts'
import { openRouteStore } from '../route-store.ts'
import { settleProxy, switchEndpoint, type SwitchContext } from '../switch-endpoint.ts'
import { createNginxDriver, type NginxOptions } from './nginx-driver.ts'
import { findMaster } from './nginx-program.ts'

async function prepare(t: TestContext, mode: 'socket' | 'reload') {
  const program = await toolOrSkip(t, 'nginx')
  if (program === undefined) return undefined
  const folder = temporaryFolder(t)
  const settings = await proxySettings({ driver: 'nginx', mode })
  const { port } = settings.http
  const nginx = await startNginx(t, join(folder, 'nginx'), { program, port })
  const place = { root: join(folder, 'root'), runDir: join(folder, 'run') }
  const options: NginxOptions = { ...place, mode, settings: { ...settings, nginx } }
  const context: SwitchContext = {
    driver: createNginxDriver(options),
    routes: openRouteStore(place.root),
    clock: systemClock,
    report: () => undefined,
    signal: new AbortController().signal,
    probe: { within: 1500 },
  }
  const main = parseEndpoint('main', { app: 'shop', serverNames: ['shop.test'] })
  const configure = async (...more: readonly [string, unknown][]): Promise<void> => {
    const others = more.map(([name, raw]) => parseEndpoint(name, raw))
    await switchEndpoint(context, [], (table) => withEndpoints(table, [main, ...others]))
  }
  const serve = async (label: string): Promise<TestApp> => {
    const where = mode === 'socket' ? { kind: mode, folder: join(folder, 'd') } : { kind: 'tcp' }
    const app = await startApp(label, where as { kind: 'tcp' })
    afterwards(t, () => app.close())
    return app
  }
  const connect = async (app: TestApp): Promise<void> => {
    await switchEndpoint(context, [{ endpoint: 'main', target: app.target }])
  }
  await configure()
  const configFile = join(nginx.configDirectory, 'sluice-shop.conf')
  return { place, options, nginx, port, context, configure, serve, connect, configFile }
}

function get(port: number, host: string, path = '/'): Promise<string> {
  return sendRaw(port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
}

test('another site of the same nginx keeps its requests', async (t) => {
  const use = await prepare(t, 'socket')
  if (use === undefined) return
  await use.connect(await use.serve('one'))
  assert.match(await get(use.port, 'shop.test'), /\r\n\r\none$/)
  assert.match(await get(use.port, 'unknown.test'), /the other site$/)
})

test('a file that nginx refuses never replaces a good one', async (t) => {
  const use = await prepare(t, 'socket')
  if (use === undefined) return
  await use.connect(await use.serve('one'))
  const good = readFileSync(use.configFile, 'utf8')
  const https = { address: '127.0.0.1', port: await freePort() }
  const settings = { ...use.options.settings, https }
  const driver = createNginxDriver({ ...use.options, settings })
  const tls = { certificate: '/nowhere/a.pem', key: '/nowhere/a.key' }
  const secure = parseEndpoint('secure', { app: 'shop', serverNames: ['secure.test'], tls })
  const { endpoint } = use.context.routes.load().routes['main']!
  await assert.rejects(
    switchEndpoint({ ...use.context, driver }, [], (table) =>
      withEndpoints(table, [endpoint, secure]),
    ),
    { code: 'proxy-failed', message: /nginx refuses the new file of shop: .*\/nowhere\/a\.pem/ },
  )
  assert.equal(readFileSync(use.configFile, 'utf8'), good)
  assert.match(await get(use.port, 'shop.test'), /\r\n\r\none$/)
  assert.deepEqual(Object.keys(use.context.routes.load().routes), ['main'])
})

test('a reload that nginx cannot carry out is noticed and taken back, though its test and the signal succeed', async (t) => {
  const use = await prepare(t, 'socket')
  if (use === undefined) return
  await use.connect(await use.serve('one'))
  const good = readFileSync(use.configFile, 'utf8')
  const squatter = createServer()
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve))
  afterwards(t, () => squatter.close())
  const { port } = squatter.address() as { port: number }
  const http = { address: '127.0.0.1', port }
  const driver = createNginxDriver({ ...use.options, settings: { ...use.options.settings, http } })
  await assert.rejects(settleProxy({ ...use.context, driver }), {
    code: 'proxy-failed',
    message: /did not take over/,
  })
  assert.equal(readFileSync(use.configFile, 'utf8'), good)
  await waitUntil(async () => (await get(use.port, 'shop.test')).endsWith('one'))
  await settleProxy(use.context)
})

test("an operator's broken file is named and ours is not blamed", async (t) => {
  const use = await prepare(t, 'reload')
  if (use === undefined) return
  await use.connect(await use.serve('one'))
  writeFileSync(join(use.nginx.configDirectory, 'aaa.conf'), 'nonsense here;\n')
  await assert.rejects(use.connect(await use.serve('two')), {
    code: 'proxy-failed',
    message: /nginx's own configuration does not pass its test: .*aaa\.conf/,
  })
  assert.match(await get(use.port, 'shop.test'), /\r\n\r\none$/)
})

test('a process that is not our nginx is never signalled', async (t) => {
  const use = await prepare(t, 'reload')
  if (use === undefined) return
  const { nginx } = use
  const pid = readFileSync(nginx.pidFile ?? '', 'utf8')
  assert.equal(findMaster(nginx)?.pid, Number(pid))
  assert.equal(findMaster({ ...nginx, prefix: '/elsewhere' }), undefined)
  assert.equal(findMaster({ ...nginx, mainConfig: '/elsewhere.conf' }), undefined)
  const stale = join(use.place.root, 'stale.pid')
  const { prefix: _, ...anyPrefix } = nginx
  for (const text of [String(process.pid), '1', '0', '-1', 'x', '', '4194305']) {
    writeFileSync(stale, text)
    assert.equal(findMaster({ ...anyPrefix, pidFile: stale }), undefined, text)
  }
  const driver = createNginxDriver({
    ...use.options,
    settings: { ...use.options.settings, nginx: { ...nginx, pidFile: stale } },
  })
  await assert.rejects(driver.ensureRunning(use.context.routes.load()), {
    code: 'proxy-unreachable',
  })
  assert.match((await driver.diagnose())[0] ?? '', /no nginx master/)
})

test('a deploy on a port is refused in mode socket before anything changes', async (t) => {
  const use = await prepare(t, 'socket')
  if (use === undefined) return
  const app = await startApp('tcp', { kind: 'tcp' })
  afterwards(t, () => app.close())
  const before = use.context.routes.load()
  await assert.rejects(use.connect(app), { code: 'endpoint-unsuitable', hint: /`proxy`/ })
  assert.deepEqual(use.context.routes.load(), before)
})

test('a deploy that died is a 502 or a 503 with our page, and another endpoint is not touched', async (t) => {
  const use = await prepare(t, 'socket')
  if (use === undefined) return
  const one = await use.serve('one')
  await use.configure(['side', { app: 'shop', serverNames: ['side.test'] }])
  await switchEndpoint(use.context, [
    { endpoint: 'main', target: one.target },
    { endpoint: 'side', target: (await use.serve('two')).target },
  ])
  await one.close()
  assert.match(await get(use.port, 'shop.test'), /^HTTP\/1\.1 502 [\s\S]*<h1>Bad gateway/)
  assert.match(await get(use.port, 'side.test'), /\r\n\r\ntwo$/)
})

test('links are made again from the table after a reboot emptied the run folder', async (t) => {
  const use = await prepare(t, 'socket')
  if (use === undefined) return
  await use.connect(await use.serve('one'))
  rmSync(use.place.runDir, { recursive: true })
  assert.match(await get(use.port, 'shop.test'), /^HTTP\/1\.1 503 /)
  await settleProxy(use.context)
  assert.match(await get(use.port, 'shop.test'), /\r\n\r\none$/)
})

test('after many switches only the two latest generations of an endpoint are kept', async (t) => {
  const use = await prepare(t, 'socket')
  if (use === undefined) return
  const apps = [await use.serve('one'), await use.serve('two')]
  for (let round = 0; round < 6; round++) await use.connect(apps[round % 2]!)
  const kept = readdirSync(join(use.place.runDir, 'routes'))
  const { generation } = use.context.routes.load()
  assert.deepEqual(kept.toSorted(), [`main.${generation - 1}`, `main.${generation}`].toSorted())
  const link = join(use.place.runDir, 'ep', 'main')
  assert.equal(readFileSync(join(link, 'generation'), 'utf8'), String(generation))
  assert.ok(existsSync(join(link, 'app.sock')))
  assert.match(readlinkSync(link), new RegExp(`main\\.${generation}$`))
})

test('a reload that was interrupted before the signal is made up for', async (t) => {
  const use = await prepare(t, 'reload')
  if (use === undefined) return
  const [one, two] = [await use.serve('one'), await use.serve('two')]
  await use.connect(one)
  const present = readFileSync(use.configFile, 'utf8')
  await use.connect(two)
  const wanted = readFileSync(use.configFile, 'utf8')
  // As after a crash between the rename and the signal: the file is new, nginx is old.
  writeFileSync(use.configFile, present)
  sendSignal(findMaster(use.nginx)?.pid ?? 0, 'SIGHUP')
  await waitUntil(async () => (await get(use.port, 'shop.test')).endsWith('one'))
  writeFileSync(use.configFile, wanted)
  await settleProxy(use.context)
  assert.match(await get(use.port, 'shop.test'), /\r\n\r\ntwo$/)
})

test('nobody but this host reads the generations', async (t) => {
  const use = await prepare(t, 'socket')
  if (use === undefined) return
  assert.match(
    readFileSync(use.configFile, 'utf8'),
    /allow 127\.0\.0\.1; allow ::1; [^\n]*deny all;/,
  )
  const host = 'shop.generation.sluice.invalid'
  const generation = use.context.routes.load().routes['main']?.generation
  assert.match(await get(use.port, host, '/generation/main'), new RegExp(`\r\n\r\n${generation}$`))
  assert.match(await get(use.port, host, '/etc/passwd'), /^HTTP\/1\.1 404 /)
})
