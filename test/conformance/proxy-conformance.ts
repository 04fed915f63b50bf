import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { request } from 'node:http'
import test, { type TestContext } from 'node:test'

import {
  openRouteStore,
  parseEndpoint,
  settleProxy,
  switchEndpoint,
  withEndpoints,
  type ProxyDriver,
  type ProxyPlace,
  type RouteStore,
  type SwitchContext,
} from '../../src/proxy/index.ts'
import { systemClock } from '../../src/system/index.ts'
import { afterwards } from '../support/afterwards.ts'
import { startHotLoad } from '../support/hot-load.ts'
import { startApp, type TestApp } from '../support/proxy-app.ts'
import { openRawClient, sendRaw } from '../support/raw-client.ts'
import { temporaryFolder } from '../support/temp-folder.ts'
import { waitUntil } from '../support/wait-until.ts'

/** What a proxy driver brings to be tested. */
export interface ProxyUnderTest {
  /** A proxy of its own for this test, which ends with it; undefined when the test was skipped. */
  open(
    t: TestContext,
    place: ProxyPlace,
  ): Promise<{ driver: ProxyDriver; port: number } | undefined>
  /** How its deploys listen. */
  readonly appKind: 'tcp' | 'socket'
  /** Whether open client connections survive every switch; mode `reload` closes them. */
  readonly keepsConnections: boolean
  /** Switches of the load test; 0 leaves it out. */
  readonly loadSwitches: number
}

interface Use {
  readonly place: ProxyPlace
  readonly driver: ProxyDriver
  readonly routes: RouteStore
  readonly context: SwitchContext
  readonly port: number
  startApp(label: string): Promise<TestApp>
  configure(...names: string[]): Promise<void>
  connect(app: TestApp | undefined, endpoint?: string): Promise<void>
  get(
    path: string,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: string; type: string }>
}

/** The contract of ProxyDriver, as tests. Call it from a test file beside the driver. */
export function testProxy(name: string, underTest: ProxyUnderTest): void {
  const suite = (title: string, body: (use: Use, t: TestContext) => Promise<void>): void => {
    test(`${name}: ${title}`, async (t) => {
      const use = await prepare(t, underTest)
      if (use !== undefined) await body(use, t)
    })
  }

  suite('an endpoint without a deploy answers 503 as a page or as JSON', async (use) => {
    const page = await use.get('/', { Accept: 'text/html' })
    assert.equal(page.status, 503)
    assert.match(page.type, /text\/html/)
    const json = await use.get('/', { Accept: 'application/json' })
    assert.equal(json.status, 503)
    assert.equal((JSON.parse(json.body) as { error: { status: number } }).error.status, 503)
  })

  suite('connect, switch and disconnect are seen by the very next request', async (use) => {
    const [one, two] = [await use.startApp('one'), await use.startApp('two')]
    await use.connect(one)
    assert.equal((await use.get('/')).body, 'one')
    await use.connect(two)
    assert.equal((await use.get('/')).body, 'two')
    await use.connect(undefined)
    assert.equal((await use.get('/')).status, 503)
  })

  suite(
    'a client on an open connection is served by the new deploy right after the switch',
    async (use) => {
      const [one, two] = [await use.startApp('one'), await use.startApp('two')]
      await use.connect(one)
      let client = await openRawClient(use.port)
      assert.equal((await client.ask('/')).body, 'one')
      await use.connect(two)
      if (!underTest.keepsConnections) client = await openRawClient(use.port)
      assert.equal((await client.ask('/')).body, 'two')
      client.close()
      assert.equal(
        one.seen.filter((line) => line === 'GET /').length,
        2,
        'the probe and the first request',
      )
    },
  )

  suite('the deploy learns the host, the visitor and nothing a visitor invents', async (use) => {
    await use.connect(await use.startApp('one'))
    const { body } = await use.get('/headers', {
      'X-Forwarded-For': '6.6.6.6',
      'X-Forwarded-Proto': 'https',
      'X-Real-IP': '6.6.6.6',
      Forwarded: 'for=6.6.6.6',
      'X-Kept': 'yes',
    })
    const seen = pairs(JSON.parse(body) as string[])
    assert.equal(seen['host'], 'shop.test')
    assert.equal(seen['x-forwarded-for'], '127.0.0.1')
    assert.equal(seen['x-forwarded-proto'], 'http')
    assert.equal(seen['x-forwarded-host'], 'shop.test')
    assert.equal(seen['x-real-ip'], '127.0.0.1')
    assert.equal(seen['x-kept'], 'yes')
    assert.match(seen['x-request-id'] ?? '', /^[\w.-]{8,}$/)
    assert.ok(!JSON.stringify(seen).includes('6.6.6.6'))
  })

  suite('a switch to a deploy that answers 500 goes back and says why', async (use) => {
    const [one, two] = [await use.startApp('one'), await use.startApp('two')]
    await use.connect(one)
    two.status = 500
    await assert.rejects(use.connect(two), { code: 'switch-failed', message: /answers 500/ })
    assert.equal((await use.get('/')).body, 'one')
    const { target } = use.routes.load().routes['main'] ?? {}
    assert.equal(target?.label, 'one')
  })

  suite('several endpoints switch together or go back together', async (use) => {
    const [one, two] = [await use.startApp('one'), await use.startApp('two')]
    await use.configure('main', 'side')
    const both = (first: TestApp, second: TestApp): Promise<unknown> =>
      switchEndpoint(use.context, [
        { endpoint: 'main', target: first.target },
        { endpoint: 'side', target: second.target },
      ])
    await both(one, one)
    const broken = await use.startApp('broken')
    broken.status = 503
    await assert.rejects(both(two, broken), { code: 'switch-failed' })
    assert.equal((await use.get('/')).body, 'one')
    assert.equal((await use.get('/', { Host: 'side.test' })).body, 'one')
    await both(two, two)
    assert.equal((await use.get('/', { Host: 'side.test' })).body, 'two')
  })

  suite('a configuration that cannot work is refused and the old one serves on', async (use) => {
    await use.connect(await use.startApp('one'))
    const missing = join(use.place.root, 'missing.pem')
    const tls = { certificate: missing, key: missing }
    const bad = parseEndpoint('secure', { serverNames: ['secure.test'], tls })
    const main = parseEndpoint('main', { serverNames: ['shop.test'] })
    await assert.rejects(
      switchEndpoint(use.context, [], (table) => withEndpoints(table, [main, bad])),
      (error: Error) => /missing\.pem|https/.test(error.message),
    )
    assert.equal((await use.get('/')).body, 'one')
    await use.connect(await use.startApp('two'))
    assert.equal((await use.get('/')).body, 'two')
  })

  suite(
    'a table that became durable just before a crash is applied when it is settled',
    async (use) => {
      const [one, two] = [await use.startApp('one'), await use.startApp('two')]
      await use.connect(one)
      const before = use.routes.load()
      const generation = before.generation + 1
      const main = { ...before.routes['main']!, target: two.target, generation }
      use.routes.save({ generation, routes: { ...before.routes, main } })
      assert.equal((await use.get('/')).body, 'one')
      await settleProxy(use.context)
      assert.equal((await use.get('/')).body, 'two')
      const probe = await use.driver.probe(main, { path: '/', timeout: 2000 })
      assert.equal(probe.generation, generation)
      assert.equal(probe.status, 200)
    },
  )

  suite('a WebSocket passes, is counted, and outlives a switch', async (use) => {
    const [one, two] = [await use.startApp('one'), await use.startApp('two')]
    await use.connect(one)
    const tunnel = await openTunnel(use.port)
    await waitUntil(() => tunnel.text().includes('hello from one'), 'the greeting')
    await waitUntil(
      async () => (await use.driver.openConnections(one.target)) === 1,
      'one connection',
    )
    await use.connect(two)
    tunnel.send('still there')
    await waitUntil(() => tunnel.text().includes('one: still there'), 'the echo')
    tunnel.close()
    await waitUntil(
      async () => (await use.driver.openConnections(one.target)) === 0,
      'no connection',
    )
  })

  suite('server-sent events arrive one by one', async (use) => {
    await use.connect(await use.startApp('one'))
    const text = await sendRaw(
      use.port,
      'GET /events HTTP/1.1\r\nHost: shop.test\r\n\r\n',
      /one 2\n/,
    )
    assert.match(text, /text\/event-stream/)
    assert.match(text, /data: one 0\n\n/)
  })

  suite('an upload of 50 MB arrives whole', async (use) => {
    await use.connect(await use.startApp('one'))
    const block = randomBytes(1024 * 1024)
    const hash = createHash('sha256')
    for (let index = 0; index < 50; index++) hash.update(block)
    const answer = await upload(use.port, block, 50)
    assert.deepEqual(JSON.parse(answer), {
      bytes: 50 * block.length,
      sha256: hash.digest('hex'),
    })
  })

  if (underTest.loadSwitches > 0) {
    suite(
      `${underTest.loadSwitches} switches under hot keep-alive clients lose no request`,
      async (use) => {
        const apps = [await use.startApp('one'), await use.startApp('two')] as const
        await use.connect(apps[0])
        const load = await startHotLoad(use.port, 8)
        for (let round = 0; round < underTest.loadSwitches; round++) {
          const app = apps[round % 2 === 0 ? 1 : 0]
          load.expect(undefined)
          await use.connect(app)
          load.expect(app.label)
          await load.after(40)
        }
        const { sent, failures, stale } = await load.stop()
        assert.deepEqual(failures, [])
        assert.equal(stale, 0)
        assert.ok(sent >= 40 * underTest.loadSwitches, `${sent} requests`)
      },
    )
  }
}

async function prepare(t: TestContext, underTest: ProxyUnderTest): Promise<Use | undefined> {
  const folder = temporaryFolder(t)
  const place = { root: join(folder, 'root'), runDir: join(folder, 'run') }
  const opened = await underTest.open(t, place)
  if (opened === undefined) return undefined
  const { driver, port } = opened
  const routes = openRouteStore(place.root)
  const context: SwitchContext = {
    driver,
    routes,
    clock: systemClock,
    report: () => undefined,
    signal: new AbortController().signal,
    probe: { within: 1500, interval: 20 },
  }
  const use: Use = {
    place,
    driver,
    routes,
    context,
    port,
    startApp: async (label) => {
      const kind = underTest.appKind
      const app = await startApp(
        label,
        kind === 'tcp' ? { kind } : { kind, folder: join(folder, 'd') },
      )
      afterwards(t, () => app.close())
      return app
    },
    configure: async (...names) => {
      const endpoints = names.map((endpoint) =>
        parseEndpoint(endpoint, {
          app: 'shop',
          serverNames: [endpoint === 'main' ? 'shop.test' : `${endpoint}.test`],
        }),
      )
      await switchEndpoint(context, [], (table) => withEndpoints(table, endpoints))
    },
    connect: async (app, endpoint = 'main') => {
      await switchEndpoint(context, [{ endpoint, target: app?.target }])
    },
    get: (path, headers = {}) => ask(port, path, headers),
  }
  await use.configure('main')
  return use
}

function ask(
  port: number,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: string; type: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, agent: false, headers: { Host: 'shop.test', ...headers } },
      (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString()
        })
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body,
            type: response.headers['content-type'] ?? '',
          }),
        )
      },
    )
    sent.on('error', reject)
    sent.end()
  })
}

function upload(port: number, block: Buffer, count: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: '/',
        agent: false,
        headers: { Host: 'shop.test' },
      },
      (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString()
        })
        response.on('end', () => resolve(body))
      },
    )
    sent.on('error', reject)
    let left = count
    const write = (): void => {
      while (left > 0) {
        left -= 1
        if (!sent.write(block)) {
          sent.once('drain', write)
          return
        }
      }
      sent.end()
    }
    write()
  })
}

async function openTunnel(port: number) {
  const client = await openRawClient(port)
  client.socket.removeAllListeners('data')
  let text = ''
  client.socket.on('data', (chunk) => {
    text += chunk.toString()
  })
  client.socket.write(
    'GET /chat HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  )
  return {
    text: () => text,
    send: (words: string) => client.socket.write(words),
    close: () => client.close(),
  }
}

function pairs(raw: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {}
  for (let at = 0; at < raw.length; at += 2)
    fields[(raw[at] ?? '').toLowerCase()] = raw[at + 1] ?? ''
  return fields
}
