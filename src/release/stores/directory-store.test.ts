import assert from 'node:assert/strict'
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { fetch, release, storeConformance } from '../../../test/conformance/store-conformance.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { runOrFail } from '../../system/index.ts'
import { openStore } from './open-store.ts'

storeConformance('directory store', async (_t, folder) => {
  const place = join(folder, 'store')
  mkdirSync(place)
  const store = openStore(place)
  return {
    store,
    add: async (archive) =>
      void (await store.publish(archive, { signal: new AbortController().signal })),
    damage: (file, bytes) => writeFileSync(join(place, file), bytes),
    remove: (file) => rmSync(join(place, file)),
  }
})

const signal = new AbortController().signal

test('archives that were only put there are listed by their names', async (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'inbox'))
  const archive = await release(folder, 'shop', '2.0.0')
  const store = openStore(join(folder, 'inbox'))
  writeFileSync(join(folder, 'inbox/README'), 'no archive')
  writeFileSync(join(folder, 'inbox/.hidden-1.zip'), '')
  const [listed, ...others] = await store.list()
  assert.deepEqual(others, [])
  assert.deepEqual(
    [listed?.file, listed?.name, listed?.version, listed?.digest],
    ['shop-2.0.0.tar.gz', 'shop', '2.0.0', undefined],
  )
  assert.equal(
    (await fetch(store, 'shop@latest', join(folder, 'x'))).size,
    readFileSync(archive).length,
  )
})

test('a link and a named pipe in the store are neither listed nor read', async (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'inbox'))
  mkdirSync(join(folder, 'store'))
  const archive = await release(folder, 'shop', '1')
  symlinkSync(archive, join(folder, 'store/link-1.tar.gz'))
  await runOrFail(['mkfifo', join(folder, 'store/pipe-1.tar.gz')])
  const store = openStore(join(folder, 'store'))
  assert.deepEqual(await store.list(), [])
  for (const file of ['link-1.tar.gz', 'pipe-1.tar.gz', '../inbox/shop-1.tar.gz']) {
    const wanted = {
      file,
      name: 'x',
      version: '1',
      digest: undefined,
      size: undefined,
      publishedAt: undefined,
    }
    const to = join(folder, 'x')
    await assert.rejects(
      store.fetch(wanted, { to, signal, step: 'fetch', report: () => undefined }),
    )
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('x')),
      [],
    )
  }
})

test('publishing after a crash between archive and index adds what is missing', async (t) => {
  const folder = temporaryFolder(t)
  for (const name of ['inbox', 'store']) mkdirSync(join(folder, name))
  const archive = await release(folder, 'shop', '1')
  copyFileSync(archive, join(folder, 'store/shop-1.tar.gz'))
  const store = openStore(join(folder, 'store'))
  assert.equal((await store.list())[0]?.digest, undefined)
  const published = await store.publish(archive, { signal })
  assert.deepEqual(await store.list(), [published])
})

test('many publish at once and none is lost', async (t) => {
  const folder = temporaryFolder(t)
  for (const name of ['inbox', 'store']) mkdirSync(join(folder, name))
  const archives: string[] = []
  for (let version = 1; version <= 8; version++)
    archives.push(await release(folder, 'shop', `${version}`))
  await Promise.all(
    archives.map((archive) => openStore(join(folder, 'store')).publish(archive, { signal })),
  )
  assert.equal(
    (await openStore(join(folder, 'store')).list()).filter(({ digest }) => digest !== undefined)
      .length,
    8,
  )
})

const badIndexes: readonly [string, string, RegExp][] = [
  ['no JSON', 'hello', /index\.json:1:1/],
  ['another version', '{"version": 2, "releases": []}', /version/],
  ['no list', '{"version": 1}', /releases: is missing/],
  ['a path as a file', index({ file: '../x' }), /file/],
  ['a hidden file', index({ file: '.x' }), /file/],
  ['a short digest', index({ sha256: 'abc' }), /sha256/],
  ['a negative size', index({ size: -1 }), /size/],
  ['no date', index({ publishedAt: 'yesterday' }), /publishedAt/],
  ['a file twice', index({}, {}), /lists shop-1\.zip twice/],
]

function index(...entries: object[]): string {
  const good = {
    file: 'shop-1.zip',
    name: 'shop',
    version: '1',
    sha256: 'a'.repeat(64),
    size: 1,
    publishedAt: '2026-11-20T00:00:00.000Z',
  }
  return JSON.stringify({ version: 1, releases: entries.map((entry) => ({ ...good, ...entry })) })
}

for (const [name, content, words] of badIndexes) {
  test(`an index with ${name} is refused with its place`, async (t) => {
    const folder = temporaryFolder(t)
    writeFileSync(join(folder, 'index.json'), content)
    await assert.rejects(openStore(folder).list(), { code: 'store-invalid', message: words })
  })
}

test('a later version’s keys in the index are passed over', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(
    join(folder, 'index.json'),
    index({ signature: 'later' }).replace('{', '{"more": 1, '),
  )
  assert.deepEqual(await openStore(folder).list(), [])
})

for (const [location, words] of [
  ['/nowhere/at/all', /is not a directory/],
  ['s3://bucket/prefix', /no kind of store/],
  ['ftp://a.example/', /no kind of store/],
  ['http://', /malformed/],
  ['https://user:hunter2@:99999/', /malformed/],
] as const) {
  test(`${location} is no store`, () => {
    assert.throws(
      () => openStore(location),
      (error: unknown) => {
        assert.ok(error instanceof Error)
        assert.match(error.message, words)
        assert.doesNotMatch(error.message, /hunter2/)
        return true
      },
    )
  })
}

test('only archives with a plain name and a manifest are published', async (t) => {
  const folder = temporaryFolder(t)
  for (const name of ['inbox', 'store']) mkdirSync(join(folder, name))
  const store = openStore(`file://${join(folder, 'store')}`)
  const archive = await release(folder, 'shop', '1')
  copyFileSync(archive, join(folder, 'inbox/a b.tar.gz'))
  await assert.rejects(store.publish(join(folder, 'inbox/a b.tar.gz'), { signal }), {
    code: 'usage',
  })
  writeFileSync(join(folder, 'inbox/x-1.zip'), 'no zip')
  await assert.rejects(store.publish(join(folder, 'inbox/x-1.zip'), { signal }), {
    code: 'archive-invalid',
  })
  assert.deepEqual(readdirSync(join(folder, 'store')), [])
})

test('statement and signatures go with their archive, both ways, and newer ones take their place', async (t) => {
  const folder = temporaryFolder(t)
  for (const name of ['inbox', 'store', 'host']) mkdirSync(join(folder, name))
  const archive = await release(folder, 'shop', '2.0.0')
  const store = openStore(join(folder, 'store'))
  const sign = (text: string): void => {
    writeFileSync(`${archive}.statement.json`, text)
    writeFileSync(`${archive}.statement.json.minisig`, `signed ${text}`)
  }
  const to = join(folder, 'host/shop-2.0.0.tar.gz')
  const fetched = async (): Promise<string[]> => {
    await fetch(store, 'shop@latest', to)
    return readdirSync(join(folder, 'host')).map((name) => name.slice('shop-2.0.0.tar.gz'.length))
  }
  await store.publish(archive, { signal })
  assert.deepEqual(await fetched(), [''])
  writeFileSync(`${archive}.statement.json`, 'alone')
  await store.publish(archive, { signal })
  assert.deepEqual(await fetched(), [''])
  for (const text of ['one', 'two']) {
    sign(text)
    await store.publish(archive, { signal })
    assert.deepEqual(await fetched(), ['', '.statement.json', '.statement.json.minisig'])
    assert.equal(readFileSync(`${to}.statement.json`, 'utf8'), text)
    assert.equal(readFileSync(`${to}.statement.json.minisig`, 'utf8'), `signed ${text}`)
  }
})
