import assert from 'node:assert/strict'
import {
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { unpack } from '../../../test/support/unpack-case.ts'
import { childEnvironment, runOrFail } from '../../system/index.ts'
import { digestFile, digestTree } from '../digest-tree.ts'
import { inspectArchive } from '../unpack/inspect-archive.ts'
import { packRelease } from './pack-release.ts'

const formats = ['zip', 'tar.gz', 'tar.zst', 'tar'] as const

function sample(t: TestContext): { folder: string; source: string } {
  const folder = temporaryFolder(t)
  const source = join(folder, 'source')
  mkdirSync(join(source, 'lib/empty'), { recursive: true })
  writeFileSync(join(source, 'release.json'), '{"name":"app","version":"1.2.3"}')
  writeFileSync(join(source, 'run'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(source, 'Zebra'), 'z')
  writeFileSync(join(source, 'lib', `${'long'.repeat(40)}.txt`), 'long name')
  writeFileSync(join(source, 'lib/ünïcode'), 'x'.repeat(200_000))
  writeFileSync(join(source, 'lib/nothing'), '')
  symlinkSync('lib/nothing', join(source, 'link'))
  return { folder, source }
}

for (const format of formats) {
  test(`a packed ${format} unpacks to the same tree`, async (t) => {
    const { folder, source } = sample(t)
    const packed = await packRelease(source, { to: join(folder, `app-1.2.3.${format}`) })
    assert.equal(packed.digest, await digestFile(packed.file))
    assert.equal(packed.name, 'app')
    assert.equal(packed.version, '1.2.3')
    const { files } = await unpack(packed.file, join(folder, 'tree'))
    const unpacked = await digestTree(join(folder, 'tree'))
    assert.equal(unpacked.treeDigest, (await digestTree(source)).treeDigest)
    assert.equal(files, 7)
    assert.deepEqual(readdirSync(join(folder, 'tree/lib/empty')), [])
    const inspected = await inspectArchive(packed.file)
    assert.deepEqual(
      [inspected.format, inspected.manifest.name, inspected.size],
      [format, 'app', packed.size],
    )
  })

  test(`a ${format} packed elsewhere, later, by another account's rules has the same bytes`, async (t) => {
    const { folder, source } = sample(t)
    const first = await packRelease(source, { to: join(folder, `app-1.2.3.${format}`) })
    const other = join(folder, 'another/place')
    cpSync(source, other, { recursive: true, verbatimSymlinks: true })
    utimesSync(join(other, 'run'), 1, 2)
    await runOrFail(['chmod', '-R', 'g+w,o-r', other])
    const second = await packRelease(other, { to: join(folder, `again-1.2.3.${format}`) })
    assert.equal(second.digest, first.digest)
    const dated = await packRelease(other, {
      to: join(folder, `dated-1.2.3.${format}`),
      modified: 1_700_000_000,
    })
    assert.notEqual(dated.digest, first.digest)
  })
}

test('a zip packed in another time zone has the same bytes', async (t) => {
  const { folder, source } = sample(t)
  const first = await packRelease(source, { to: join(folder, 'app-1.zip') })
  const module = new URL('pack-release.ts', import.meta.url).href
  const to = join(folder, 'again-1.zip')
  const script = `const { packRelease } = await import(${JSON.stringify(module)}); await packRelease(${JSON.stringify(source)}, { to: ${JSON.stringify(to)} })`
  const argv = [process.execPath, '--input-type=module', '-e', script]
  await runOrFail(argv, { env: childEnvironment({ TZ: 'Pacific/Auckland' }) })
  assert.equal(await digestFile(to), first.digest)
})

test('the tar of the system reads what is packed', async (t) => {
  const { folder, source } = sample(t)
  const expected = (await digestTree(source)).treeDigest
  for (const format of ['tar.gz', 'tar'] as const) {
    const { file } = await packRelease(source, { to: join(folder, `app-1.${format}`) })
    const to = join(folder, `by-tar-${format}`)
    mkdirSync(to)
    await runOrFail(['tar', '-xf', file, '-C', to])
    assert.equal((await digestTree(to)).treeDigest, expected)
  }
})

test('another reader of zips finds the same names and contents', async (t) => {
  const { folder, source } = sample(t)
  const { file } = await packRelease(source, { to: join(folder, 'app-1.zip') })
  const yauzl = await import('yauzl')
  const names: string[] = []
  await new Promise<void>((resolve, reject) => {
    yauzl.open(file, { lazyEntries: true }, (error, zip) => {
      if (error !== null) return reject(error)
      zip.on('entry', (entry: { fileName: string }) => {
        names.push(entry.fileName)
        zip.readEntry()
      })
      zip.on('end', resolve).on('error', reject)
      zip.readEntry()
    })
  })
  assert.deepEqual(names, [
    'release.json',
    'Zebra',
    'lib/',
    'lib/empty/',
    `lib/${'long'.repeat(40)}.txt`,
    'lib/nothing',
    'lib/ünïcode',
    'link',
    'run',
  ])
})

test('release.json comes first, so that it is found at once', async (t) => {
  const { folder, source } = sample(t)
  const { file } = await packRelease(source, { to: join(folder, 'app-1.tar') })
  assert.equal(readFileSync(file).toString('latin1', 0, 12), 'release.json')
})

const refused: readonly [string, string, (source: string) => void][] = [
  ['a link out', 'archive-unsafe', (source) => symlinkSync('../../x', join(source, 'l'))],
  ['an absolute link', 'archive-unsafe', (source) => symlinkSync('/etc', join(source, 'l'))],
  ['a link to nothing', 'archive-unsafe', (source) => symlinkSync('nothing', join(source, 'l'))],
  [
    'a name with a line break',
    'archive-unsafe',
    (source) => writeFileSync(join(source, 'a\nb'), ''),
  ],
  [
    'a name with a backslash',
    'archive-unsafe',
    (source) => writeFileSync(join(source, 'a\\b'), ''),
  ],
  [
    'names that differ in case',
    'archive-unsafe',
    (source) => writeFileSync(join(source, 'zebra'), ''),
  ],
  [
    'a broken manifest',
    'manifest-invalid',
    (source) => writeFileSync(join(source, 'release.json'), '{'),
  ],
]

for (const [name, code, spoil] of refused) {
  test(`packing ${name} is ${code}, and leaves nothing behind`, async (t) => {
    const { folder, source } = sample(t)
    spoil(source)
    await assert.rejects(packRelease(source, { to: join(folder, 'app-1.zip') }), { code })
    assert.deepEqual(readdirSync(folder), ['source'])
  })
}

test('packing a named pipe is refused by its name', async (t) => {
  const { folder, source } = sample(t)
  await runOrFail(['mkfifo', join(source, 'lib/pipe')])
  await assert.rejects(packRelease(source, { to: join(folder, 'app-1.zip') }), {
    code: 'archive-unsafe',
    message: /"lib\/pipe"/,
  })
})

test('packing a directory without release.json is refused', async (t) => {
  const folder = temporaryFolder(t)
  await assert.rejects(packRelease(folder, { to: join(folder, 'app-1.zip') }), {
    code: 'manifest-missing',
  })
})

test('hard links are packed as files', async (t) => {
  const { folder, source } = sample(t)
  linkSync(join(source, 'run'), join(source, 'run2'))
  const { file } = await packRelease(source, { to: join(folder, 'app-1.tar.gz') })
  const { files } = await unpack(file, join(folder, 'tree'))
  assert.equal(files, 8)
})

test('an extension that says nothing, or something else than the format, is refused', async (t) => {
  const { folder, source } = sample(t)
  await assert.rejects(packRelease(source, { to: join(folder, 'app-1.rar') }), { code: 'usage' })
  await assert.rejects(packRelease(source, { to: join(folder, 'app-1.zip'), format: 'tar.gz' }), {
    code: 'usage',
  })
})

test('a packing that is stopped leaves nothing behind', async (t) => {
  const { folder, source } = sample(t)
  await assert.rejects(
    packRelease(source, { to: join(folder, 'app-1.zip'), signal: AbortSignal.abort() }),
  )
  assert.deepEqual(readdirSync(folder), ['source'])
})
