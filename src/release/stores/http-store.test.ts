import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { fetch, release, storeConformance } from '../../../test/conformance/store-conformance.ts'
import { startFileServer, type Fault, type FileServer } from '../../../test/support/file-server.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { AppError } from '../../errors/index.ts'
import { systemClock } from '../../system/index.ts'
import { digestFile } from '../digest-tree.ts'
import type { ReleaseStore } from '../store.ts'
import type { DownloadPolicy } from './download.ts'
import { openStore, type StoreOptions } from './open-store.ts'

const quick: Partial<DownloadPolicy> = {
  attempts: 3,
  firstDelay: 1,
  longestDelay: 5,
  timeout: 20_000,
}

storeConformance('http store', async (t, folder) => {
  const place = join(folder, 'store')
  mkdirSync(place)
  const server = await startFileServer(t, place)
  const behind = openStore(place)
  writeFileSync(join(place, 'index.json'), '{"version": 1, "releases": []}')
  return {
    store: openStore(server.url, { policy: quick }),
    add: async (archive) =>
      void (await behind.publish(archive, { signal: new AbortController().signal })),
    damage: (file, bytes) => writeFileSync(join(place, file), bytes),
    remove: (file) => rmSync(join(place, file)),
  }
})

interface Scene {
  readonly folder: string
  readonly place: string
  readonly server: FileServer
  readonly store: ReleaseStore
  readonly archive: string
  readonly bytes: Buffer
  readonly to: string
}

/** A store with one release of some 100 kB behind a web server. */
async function scene(t: TestContext, options: StoreOptions = {}, path = ''): Promise<Scene> {
  const folder = temporaryFolder(t)
  const place = join(folder, 'store')
  for (const directory of [place, join(folder, 'inbox')]) mkdirSync(directory)
  const noise = Array.from(
    { length: 30_000 },
    (_, index) => (index * 2_654_435_761) % 4_294_967_296,
  ).join('')
  const archive = await release(folder, 'shop', '1', noise.slice(0, 200))
  writeFileSync(join(folder, 'noise'), noise)
  const large = await padded(folder, noise)
  await openStore(place).publish(large, { signal: new AbortController().signal })
  const server = await startFileServer(t, place)
  const address = path === '' ? server.url : path.replace('HOST', new URL(server.url).host)
  const store = openStore(address, { policy: quick, ...options })
  return {
    folder,
    place,
    server,
    store,
    archive,
    bytes: readFileSync(large),
    to: join(folder, 'fetched'),
  }
}

async function padded(folder: string, noise: string): Promise<string> {
  const { packRelease } = await import('../pack/pack-release.ts')
  const source = join(folder, 'large')
  mkdirSync(source)
  writeFileSync(join(source, 'release.json'), '{"name":"shop","version":"1"}')
  writeFileSync(join(source, 'noise'), noise)
  return (await packRelease(source, { to: join(folder, 'shop-1.tar.gz') })).file
}

/** Faults only of the archive, counted from 1; the index is always served. */
function onArchive(fault: Fault): Fault {
  let number = 0
  return (request, response) =>
    request.url !== '/index.json' && fault(request, response, (number += 1))
}

async function assertFetched({ store, to, bytes }: Scene): Promise<void> {
  await fetch(store, 'shop@latest', to)
  assert.deepEqual(readFileSync(to), bytes)
}

async function assertNotFetched({ store, to }: Scene, expected: object): Promise<AppError> {
  let thrown: unknown
  await assert.rejects(fetch(store, 'shop@latest', to), (error: unknown) => {
    thrown = error
    return true
  })
  assert.ok(thrown instanceof AppError, String(thrown))
  assert.throws(() => readFileSync(to), { code: 'ENOENT' })
  for (const [key, value] of Object.entries(expected)) {
    const found: string = String(thrown[key as keyof AppError])
    if (value instanceof RegExp) assert.match(found, value)
    else assert.equal(found, String(value))
  }
  return thrown
}

test('a download that is cut twenty times goes on where it stopped', async (t) => {
  const here = await scene(t)
  const { server, bytes } = here
  const slice = Math.ceil(bytes.length / 20)
  server.fault = onArchive((request, response) => cutAfter(request, response, bytes, slice))
  await assertFetched(here)
  const ranges = server.requests.slice(2).map(({ headers }) => headers.range)
  assert.ok(ranges.length >= 15, `${ranges.length} ranges`)
  assert.ok(ranges.every((range) => range?.startsWith('bytes=')))
  assert.ok(server.requests.slice(2).every(({ headers }) => headers['if-range'] !== undefined))
})

/** Sends the announced range, and breaks the connection after `length` bytes of it. */
function cutAfter(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Buffer,
  length: number,
): boolean {
  const [, from = '0'] = /^bytes=(\d+)-/.exec(request.headers.range ?? '') ?? []
  const start = Number(from)
  const rest = bytes.length - start
  const range = { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }
  response.writeHead(start === 0 ? 200 : 206, {
    'content-length': rest,
    etag: '"v1"',
    ...(start === 0 ? {} : range),
  })
  response.write(bytes.subarray(start, start + length), () =>
    rest > length ? response.destroy() : response.end(),
  )
  return true
}

test('the next run goes on with what an earlier one left', async (t) => {
  const here = await scene(t)
  const half = Math.floor(here.bytes.length / 2)
  here.server.fault = onArchive((request, response, number) =>
    number === 1 ? cutAfter(request, response, here.bytes, half) : !!response.writeHead(503).end(),
  )
  await assertNotFetched(here, {
    code: 'download-failed',
    message: /after 3 tries.*503/,
    hint: /kept/,
  })
  assert.equal(readFileSync(`${here.to}.part`).length, half)
  here.server.fault = onArchive((request, response) =>
    cutAfter(request, response, here.bytes, half * 2),
  )
  await assertFetched(here)
  assert.equal(here.server.requests.at(-1)?.headers.range, `bytes=${half}-`)
})

test('when the object was replaced in between, everything is fetched anew', async (t) => {
  const here = await scene(t)
  here.server.fault = onArchive((request, response, number) => {
    if (number > 1) return false
    return cutAfter(request, response, Buffer.alloc(here.bytes.length, 'old'), 1000)
  })
  await assertFetched(here)
})

test('a server that ignores ranges, or answers another range, is coped with', async (t) => {
  const here = await scene(t)
  here.server.fault = onArchive((request, response, number) => {
    if (number === 1) return cutAfter(request, response, here.bytes, 1000)
    if (number === 2) {
      response.writeHead(206, { 'content-range': `bytes 5-9/${here.bytes.length}` }).end('wrong')
      return true
    }
    response.writeHead(200).end(here.bytes)
    return true
  })
  await assertFetched(here)
})

test('a leftover that is damaged is thrown away and fetched again', async (t) => {
  const here = await scene(t)
  const half = Math.floor(here.bytes.length / 2)
  here.server.fault = onArchive((request, response, number) => {
    if (number === 1) return cutAfter(request, response, here.bytes, half)
    response.writeHead(500).end()
    return true
  })
  await assertNotFetched(here, { code: 'download-failed' })
  writeFileSync(`${here.to}.part`, Buffer.alloc(half, 'damaged'))
  here.server.fault = onArchive((request, response) =>
    cutAfter(request, response, here.bytes, here.bytes.length),
  )
  await assertFetched(here)
})

for (const status of [500, 502, 503, 429, 408]) {
  test(`status ${status} is tried again`, async (t) => {
    const here = await scene(t)
    here.server.fault = onArchive(
      (_request, response, number) => number <= 2 && !!response.writeHead(status).end('busy'),
    )
    await assertFetched(here)
  })
}

for (const [status, code] of [
  [404, 'release-not-found'],
  [410, 'release-not-found'],
  [403, 'download-failed'],
  [401, 'download-failed'],
  [400, 'download-failed'],
] as const) {
  test(`status ${status} is ${code} at once`, async (t) => {
    const here = await scene(t)
    let asked = 0
    here.server.fault = onArchive((_request, response) => {
      asked += 1
      response.writeHead(status, { 'content-type': 'text/html' }).end('<html>')
      return true
    })
    await assertNotFetched(here, { code })
    assert.equal(asked, 1)
  })
}

test('an HTML page with status 200 is no archive', async (t) => {
  const here = await scene(t)
  here.server.fault = onArchive(
    (_request, response) => !!response.writeHead(200).end('<html>login</html>'),
  )
  await assertNotFetched(here, { code: 'download-failed', message: /ended after \d+ of/ })
})

test('endless data stops at the announced size', async (t) => {
  const here = await scene(t)
  let sent = 0
  here.server.fault = onArchive((_request, response) => {
    response.writeHead(200)
    const more = (): void => {
      for (let going = true; going && !response.destroyed; sent += 65_536)
        going = response.write(Buffer.alloc(65_536))
      response.once('drain', more)
    }
    more()
    return true
  })
  await assertNotFetched(here, { code: 'digest-mismatch', message: /more than the \d+ bytes/ })
  assert.ok(sent < 50_000_000)
  assert.throws(() => readFileSync(`${here.to}.part`), { code: 'ENOENT' })
})

test('a server that drips is given up', async (t) => {
  const here = await scene(t, { policy: { ...quick, minimumRate: 1000, rateWindow: 50 } })
  here.server.fault = onArchive((_request, response) => {
    response.writeHead(200, { 'content-length': here.bytes.length })
    const timer = setInterval(() => response.write('x'), 10)
    response.once('close', () => clearInterval(timer))
    return true
  })
  await assertNotFetched(here, { code: 'download-failed', message: /too slow|within/ })
})

test('a server that says nothing is given up', async (t) => {
  const here = await scene(t, { policy: { ...quick, attempts: 2, timeout: 50 } })
  here.server.fault = onArchive(() => true)
  await assertNotFetched(here, { code: 'download-failed', message: /no answer within 50 ms/ })
})

test('the pause is as long as the server asks, and the deadline ends it', async (t) => {
  const pauses: number[] = []
  const clock = {
    ...systemClock,
    sleep: async (milliseconds: number) => void pauses.push(milliseconds),
  }
  const here = await scene(t, {
    clock,
    random: () => 1,
    policy: { ...quick, attempts: 9, firstDelay: 100, longestDelay: 1000, deadline: 50_000 },
  })
  const answers = [{ 'retry-after': '7' }, {}, {}, {}, {}, {}, { 'retry-after': '600' }]
  here.server.fault = onArchive(
    (_request, response, number) => !!response.writeHead(503, answers[number - 1] ?? {}).end(),
  )
  await assertNotFetched(here, { code: 'download-failed', message: /within 50000 ms/ })
  assert.deepEqual(pauses, [7000, 200, 400, 800, 1000, 1000])
})

test('a redirect is followed, but not for ever', async (t) => {
  const here = await scene(t)
  here.server.fault = onArchive((request, response) => {
    if (request.url !== '/shop-1.tar.gz') return false
    response.writeHead(302, { location: '/./shop-1.tar.gz?token=1' }).end()
    return true
  })
  await assertNotFetched(here, { code: 'release-not-found' })
  here.server.fault = onArchive(
    (_request, response) => !!response.writeHead(302, { location: '/again' }).end(),
  )
  await assertNotFetched(here, { code: 'download-failed', message: /more than 5 times/ })
})

for (const location of ['file:///etc/passwd', 'ftp://a.example/x', 'http://']) {
  test(`a redirect to ${location} is not followed`, async (t) => {
    const here = await scene(t)
    here.server.fault = onArchive(
      (_request, response) => !!response.writeHead(302, { location }).end(),
    )
    await assertNotFetched(here, { code: 'download-failed', message: /redirects to/ })
  })
}

test('user and password go to the store, not to another origin, and into no message', async (t) => {
  const here = await scene(t, {}, 'http://user:hunter2@HOST/')
  const other = await startFileServer(t, here.place)
  assert.doesNotMatch(here.store.description, /hunter2|user/)
  here.server.fault = onArchive(
    (_request, response) =>
      !!response.writeHead(302, { location: `${other.url}shop-1.tar.gz` }).end(),
  )
  await assertFetched(here)
  const expected = `Basic ${Buffer.from('user:hunter2').toString('base64')}`
  assert.ok(here.server.requests.every(({ headers }) => headers.authorization === expected))
  assert.deepEqual(
    other.requests.map(({ headers }) => headers.authorization),
    [undefined],
  )
  here.server.fault = onArchive((_request, response) => !!response.writeHead(403).end())
  rmSync(here.to)
  const error = await assertNotFetched(here, { code: 'download-failed' })
  assert.doesNotMatch(`${error.message} ${error.hint} ${error.output} ${error.stack}`, /hunter2/)
})

test('a token comes from its file', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'token'), 'canary-token\n')
  const here = await scene(t, { tokenFile: join(folder, 'token') })
  await assertFetched(here)
  assert.ok(
    here.server.requests.every(({ headers }) => headers.authorization === 'Bearer canary-token'),
  )
  assert.throws(() => openStore(here.server.url, { tokenFile: join(folder, 'none') }), {
    code: 'store-invalid',
  })
})

test('a store without an index says so', async (t) => {
  const here = await scene(t)
  rmSync(join(here.place, 'index.json'))
  await assert.rejects(here.store.list(), {
    code: 'store-invalid',
    message: /index\.json answered 404/,
  })
})

test('an index is asked for again when the server is busy', async (t) => {
  const here = await scene(t)
  here.server.fault = (_request, response, number) => number <= 2 && !!response.writeHead(503).end()
  assert.equal((await here.store.list()).length, 1)
})

test('a server that is not there is told by its address', async (t) => {
  const here = await scene(t)
  const store = openStore('http://127.0.0.1:1/releases', { policy: quick })
  await assert.rejects(store.list(), {
    code: 'download-failed',
    message: /127\.0\.0\.1:1\/releases/,
    retryable: true,
  })
  assert.ok(await digestFile(here.archive))
})
