import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import {
  embeddedOptions,
  proxySettings,
  serveCommand,
} from '../../../test/support/embedded-proxy.ts'
import { startHotLoad } from '../../../test/support/hot-load.ts'
import { startApp, type TestApp } from '../../../test/support/proxy-app.ts'
import { openRawClient, sendRaw } from '../../../test/support/raw-client.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { sendSignal, systemClock } from '../../system/index.ts'
import { parseEndpoint } from '../endpoint.ts'
import { withEndpoints } from '../route-changes.ts'
import { openRouteStore } from '../route-store.ts'
import { settleProxy, switchEndpoint, type SwitchContext } from '../switch-endpoint.ts'
import { listProxies, readStatus } from './control-client.ts'
import { createEmbeddedDriver, replaceProxy, type EmbeddedOptions } from './embedded-driver.ts'

async function prepare(t: TestContext, changes: Partial<EmbeddedOptions> = {}) {
  const folder = temporaryFolder(t)
  const place = { root: join(folder, 'root'), runDir: join(folder, 'run') }
  const options = await embeddedOptions(t, place, changes)
  const driver = createEmbeddedDriver(options)
  const context: SwitchContext = {
    driver,
    routes: openRouteStore(place.root),
    clock: systemClock,
    report: () => undefined,
    signal: new AbortController().signal,
  }
  const connect = async (app: TestApp): Promise<void> => {
    const main = parseEndpoint('main', { serverNames: ['shop.test'] })
    await switchEndpoint(context, [], (table) => withEndpoints(table, [main]))
    await switchEndpoint(context, [{ endpoint: 'main', target: app.target }])
  }
  const serve = async (label: string): Promise<TestApp> => {
    const app = await startApp(label, { kind: 'tcp' })
    afterwards(t, () => app.close())
    return app
  }
  return { place, options, driver, context, connect, serve, port: options.settings.http.port }
}

const get = 'GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n'

test('ten hand-overs under hot keep-alive clients lose no request', async (t) => {
  const { options, port, connect, serve } = await prepare(t)
  await connect(await serve('one'))
  const load = await startHotLoad(port, 8)
  load.expect('one')
  const pids = new Set<number>()
  for (let round = 0; round < 10; round++) {
    pids.add(await replaceProxy(options))
    await load.after(100)
  }
  const { failures, stale } = await load.stop()
  assert.deepEqual(failures, [])
  assert.equal(stale, 0)
  assert.equal(pids.size, 10)
})

test('a switch right after a hand-over is seen on connections of the leaving process too', async (t) => {
  const { options, port, connect, serve, place } = await prepare(t)
  const [one, two] = [await serve('one'), await serve('two')]
  await connect(one)
  const client = await openRawClient(port)
  assert.equal((await client.ask('/')).body, 'one')
  await replaceProxy(options)
  assert.equal((await listProxies(place)).length, 2, 'the old one waits for its client')
  await connect(two)
  const answer = await client.ask('/')
  assert.equal(answer.body, 'two')
  assert.match(answer.headers, /Connection: close/i)
  client.close()
  await waitUntil(async () => (await listProxies(place)).length === 1, 'the end of the old process')
})

test('a hand-over to a program that does not start leaves everything as it is', async (t) => {
  const { options, port, connect, serve, place } = await prepare(t)
  await connect(await serve('one'))
  const before = await readStatus(place)
  await assert.rejects(replaceProxy({ ...options, command: ['/bin/false'] }), {
    code: 'proxy-failed',
    message: /exited with 1/,
  })
  assert.equal((await readStatus(place))?.pid, before?.pid)
  assert.match(await sendRaw(port, get), /200 OK/)
})

test('a killed proxy comes back with the same routes', async (t) => {
  const { context, port, connect, serve, place, driver } = await prepare(t)
  const one = await serve('one')
  await connect(one)
  const { pid = 0 } = (await readStatus(place)) ?? {}
  sendSignal(pid, 'SIGKILL')
  await waitUntil(async () => (await readStatus(place)) === undefined, 'the end')
  assert.deepEqual(await driver.diagnose(), ['the proxy is not running'])
  await settleProxy(context)
  assert.match(await sendRaw(port, get), /\r\n\r\none$/)
  assert.deepEqual(await driver.diagnose(), [])
})

test('of several starters at once one starts the proxy and all find it', async (t) => {
  const { options, place, context } = await prepare(t)
  const table = context.routes.load()
  await Promise.all(
    Array.from({ length: 4 }, () => createEmbeddedDriver(options).ensureRunning(table)),
  )
  assert.equal((await listProxies(place)).length, 1)
})

test('SIGTERM lets a request under way end and then ends the process', async (t) => {
  const { port, connect, serve, place } = await prepare(t)
  await connect(await serve('one'))
  const slow = sendRaw(port, 'GET /events HTTP/1.1\r\nHost: shop.test\r\n\r\n', /one 5\n/)
  await waitUntil(
    async () => (await readStatus(place))?.connections['shop/one'] === 1,
    'the stream',
  )
  sendSignal((await readStatus(place))?.pid ?? 0, 'SIGTERM')
  await waitUntil(async () => (await readStatus(place))?.draining !== false, 'draining')
  assert.match(await slow, /data: one 5\n/)
  await waitUntil(async () => (await listProxies(place)).length === 0, 'the end')
})

test('an address that is taken is an error that names it', async (t) => {
  const squatter = createServer()
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve))
  afterwards(t, () => squatter.close())
  const { port } = squatter.address() as { port: number }
  const settings = await proxySettings({ http: { address: '127.0.0.1', port } })
  const { driver, context } = await prepare(t, { settings })
  await assert.rejects(driver.ensureRunning(context.routes.load()), {
    code: 'proxy-failed',
    output: new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}`),
  })
})

test('a switch while the proxy cannot be started leaves the routes as they were', async (t) => {
  const { options, connect, serve, context } = await prepare(t, { command: ['/bin/false'] })
  const app = await serve('one')
  await assert.rejects(connect(app))
  assert.deepEqual(context.routes.load().routes, {})
  await createEmbeddedDriver({ ...options, command: serveCommand }).ensureRunning(
    context.routes.load(),
  )
})

test('a changed listening address is taken over by apply, and the control socket is private', async (t) => {
  const { options, connect, serve, context, place } = await prepare(t)
  await connect(await serve('one'))
  const moved = await proxySettings()
  const driver = createEmbeddedDriver({ ...options, settings: moved })
  await driver.ensureRunning(context.routes.load())
  await driver.apply(context.routes.load())
  assert.match(await sendRaw(moved.http.port, get), /200 OK/)
  await assert.rejects(sendRaw(options.settings.http.port, get), /ECONNREFUSED/)
  const { pid = 0 } = (await readStatus(place)) ?? {}
  assert.equal(statSync(join(place.runDir, `proxy-${pid}.sock`)).mode & 0o777, 0o600)
})
