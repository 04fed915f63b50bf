import assert from 'node:assert/strict'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'

import { descriptor, extraField, wide, zip64End, zipOf } from '../../../test/support/build-zip.ts'
import { paxEntry, tarEntry, tarOf, type TarParts } from '../../../test/support/build-tar.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { unpack } from '../../../test/support/unpack-case.ts'
import { AppError } from '../../errors/index.ts'
import { runOrFail } from '../../system/index.ts'
import { digestFile, digestTree } from '../digest-tree.ts'
import { unpackArchive } from './unpack-archive.ts'

async function unpackBytes(t: TestContext, file: string, bytes: Buffer): Promise<string> {
  const folder = temporaryFolder(t)
  const archive = join(folder, file)
  writeFileSync(archive, bytes)
  const tree = join(folder, 'tree')
  const unpacked = await unpack(archive, tree)
  const onDisk = await digestTree(tree)
  assert.equal(onDisk.files.length, unpacked.files)
  return tree
}

const tarWith = (...parts: TarParts[]): Buffer => tarOf(parts.map((each) => tarEntry(each)))

test('modes are masked to 0644 and 0755, whatever the archive asks for', async (t) => {
  const asked = [0o4755, 0o2777, 0o1777, 0o000, 0o666, 0o100, 0o777]
  const tree = await unpackBytes(
    t,
    'app-1.tar',
    tarWith(...asked.map((mode) => ({ name: `f${mode}`, mode }))),
  )
  const found = asked.map((mode) => (lstatSync(join(tree, `f${mode}`)).mode & 0o7777).toString(8))
  assert.deepEqual(found, ['755', '755', '755', '644', '644', '755', '755'])
})

test('owners in the archive are ignored', async (t) => {
  const tree = await unpackBytes(
    t,
    'app-1.tar',
    tarWith({ name: 'f', edit: (block) => block.write('7777777', 108).toString() }),
  )
  assert.equal(lstatSync(join(tree, 'f')).uid, process.getuid?.())
})

test('times outside what a file system can hold are clamped', async (t) => {
  const tree = await unpackBytes(
    t,
    'app-1.tar',
    tarOf([
      tarEntry({ name: 'negative', edit: (block) => block.fill(0xff, 136, 148) }),
      paxEntry({ mtime: '9223372036854775807' }),
      tarEntry({ name: 'far' }),
      paxEntry({ mtime: '-5' }),
      tarEntry({ name: 'before' }),
    ]),
  )
  const years = ['negative', 'far', 'before'].map((name) =>
    lstatSync(join(tree, name)).mtime.getUTCFullYear(),
  )
  assert.deepEqual(years, [1970, 2100, 1970])
})

test('odd but harmless names are kept as they are', async (t) => {
  const names = [
    '-rf',
    '~root',
    'a b',
    'dot.',
    'trailing ',
    '%2e%2e',
    '$HOME',
    '😀',
    'عربي',
    '{{x}}',
    'a\'b"c',
    '...',
  ]
  const tree = await unpackBytes(
    t,
    'app-1.tar',
    tarWith(...names.map((name) => ({ name, content: name }))),
  )
  for (const name of names) assert.equal(readFileSync(join(tree, name), 'utf8'), name)
})

test('links that stay inside are made, in any order', async (t) => {
  const tree = await unpackBytes(
    t,
    'app-1.tar',
    tarWith(
      { name: 'a/up', type: '2', target: '../b/file' },
      { name: 'chain', type: '2', target: 'a/up' },
      { name: 'dir', type: '2', target: 'b/../b/./' },
      { name: 'b/file', content: 'here' },
    ),
  )
  assert.equal(readFileSync(join(tree, 'chain'), 'utf8'), 'here')
  assert.equal(readFileSync(join(tree, 'dir/file'), 'utf8'), 'here')
  assert.equal(readlinkSync(join(tree, 'a/up')), '../b/file')
})

test('a link to something missing inside is allowed only when asked for', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'app-1.tar'), tarWith({ name: 'l', type: '2', target: 'later/x' }))
  await unpack(join(folder, 'app-1.tar'), join(folder, 'tree'), { danglingLinks: true })
  assert.equal(readlinkSync(join(folder, 'tree/l')), 'later/x')
  writeFileSync(
    join(folder, 'bad-1.tar'),
    tarWith({ name: 'l', type: '2', target: 'later/../../x' }),
  )
  await assert.rejects(
    unpack(join(folder, 'bad-1.tar'), join(folder, 'bad'), { danglingLinks: true }),
    { code: 'archive-unsafe' },
  )
})

test('GNU and pax long names are read', async (t) => {
  const long = `${'deep/'.repeat(30)}file`
  const longer = `${'other/'.repeat(40)}file`
  const tree = await unpackBytes(
    t,
    'app-1.tar',
    tarOf([
      tarEntry({ name: '././@LongLink', type: 'L', content: `${long}\0` }),
      tarEntry({ name: long.slice(0, 100), content: 'gnu' }),
      paxEntry({ comment: 'a commit' }, 'g'),
      paxEntry({ path: longer, mtime: '1.5', atime: '2', uid: '0', uname: 'root' }),
      tarEntry({ name: 'x', content: 'pax' }),
      paxEntry({ path: 'é' }),
      tarEntry({ name: '?', content: 'umlaut' }),
      tarEntry({ name: 'file', prefix: 'in/prefix', content: 'ustar' }),
    ]),
  )
  assert.equal(readFileSync(join(tree, long), 'utf8'), 'gnu')
  assert.equal(readFileSync(join(tree, longer), 'utf8'), 'pax')
  assert.equal(readFileSync(join(tree, 'é'), 'utf8'), 'umlaut')
  assert.equal(readFileSync(join(tree, 'in/prefix/file'), 'utf8'), 'ustar')
})

test('what the tar of the system writes is read, in its three dialects', async (t) => {
  const folder = temporaryFolder(t)
  const source = join(folder, 'source')
  mkdirSync(join(source, 'd'.repeat(90), 'e'.repeat(90)), { recursive: true })
  writeFileSync(join(source, 'release.json'), '{"name":"app","version":"1"}')
  writeFileSync(join(source, 'd'.repeat(90), 'e'.repeat(90), 'ü.txt'), 'x'.repeat(70_000))
  writeFileSync(join(source, 'run'), '#!/bin/sh\n')
  chmodSync(join(source, 'run'), 0o755)
  symlinkSync('run', join(source, 'link'))
  const expected = (await digestTree(source)).treeDigest
  for (const format of ['gnu', 'ustar', 'posix']) {
    const archive = join(folder, `${format}-1.tar.gz`)
    await runOrFail(['tar', '-C', source, `--format=${format}`, '-czf', archive, '.'])
    await unpack(archive, join(folder, format))
    assert.equal((await digestTree(join(folder, format))).treeDigest, expected, format)
  }
})

test('gzip in several members is read', async (t) => {
  const tar = tarWith({ name: 'f', content: 'x'.repeat(9000) })
  const tree = await unpackBytes(
    t,
    'app-1.tgz',
    Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]),
  )
  assert.equal(readFileSync(join(tree, 'f')).length, 9000)
})

test('a file without a telling name is read by its content', async (t) => {
  await unpackBytes(t, 'download', zstdCompressSync(tarWith({ name: 'f' })))
  await unpackBytes(t, 'download', gzipSync(tarWith({ name: 'f' })))
  await unpackBytes(t, 'download', zipOf([{ name: 'f' }]))
})

test('zip64 fields, descriptors, comments and DOS attributes are read', async (t) => {
  const content = 'content '.repeat(100)
  const open = { checksum: 0, size: 0, compressedSize: 0 }
  const truth = zipOf([{ name: 'a', content, compress: false }])
  assert.ok(truth.length > 0)
  const { crc32 } = await import('node:zlib')
  const tree = await unpackBytes(
    t,
    'app-1.zip',
    zipOf(
      [
        {
          name: 'described',
          content,
          compress: false,
          flags: 0x808,
          local: open,
          descriptor: descriptor(crc32(content), content.length, content.length),
        },
        {
          name: 'unsigned',
          content,
          compress: false,
          flags: 0x808,
          local: open,
          descriptor: descriptor(crc32(content), content.length, content.length).subarray(4),
        },
        {
          name: 'wide',
          content,
          compress: false,
          central: { size: 0xffffffff, extra: extraField(1, wide(content.length)) },
        },
        { name: 'dos', content, madeBy: 0, mode: 0 },
        { name: 'empty', content: '' },
        { name: 'directory/', mode: 0o040755 },
        { name: 'slash/', mode: 0o100644 },
        { name: 'large', content: Buffer.from(content.repeat(3000)) },
        { name: 'large-stored', content: Buffer.from(content.repeat(3000)), compress: false },
      ],
      {
        comment: Buffer.from('made by a test'),
        directoryOffset: 0xffffffff,
        beforeEnd: (place) => zip64End(place, 10),
      },
    ),
  )
  for (const name of ['described', 'unsigned', 'wide', 'dos'])
    assert.equal(readFileSync(join(tree, name), 'utf8'), content)
  assert.equal(lstatSync(join(tree, 'large')).size, content.length * 3000)
  for (const name of ['directory', 'slash']) assert.ok(lstatSync(join(tree, name)).isDirectory())
})

test('a directory that is not empty is not unpacked into', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'app-1.tar'), tarWith())
  await assert.rejects(unpack(join(folder, 'app-1.tar'), folder), { code: 'io-failed' })
})

test('an archive that is a link is not followed', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'app-1.tar'), tarWith())
  symlinkSync('app-1.tar', join(folder, 'link-1.tar'))
  await assert.rejects(unpack(join(folder, 'link-1.tar'), join(folder, 'tree')), AppError)
})

test('an archive with another digest than announced is refused before anything is written', async (t) => {
  const folder = temporaryFolder(t)
  const archive = join(folder, 'app-1.tar')
  writeFileSync(archive, tarWith({ name: 'f' }))
  const options = { report: () => undefined, signal: new AbortController().signal, step: 'unpack' }
  await assert.rejects(
    unpackArchive(archive, join(folder, 'tree'), {}, { ...options, expect: '0'.repeat(64) }),
    { code: 'digest-mismatch' },
  )
  assert.equal(lstatSync(join(folder, 'tree'), { throwIfNoEntry: false }), undefined)
  await unpackArchive(
    archive,
    join(folder, 'tree'),
    {},
    { ...options, expect: await digestFile(archive) },
  )
})

test('unpacking keeps off the disk floor', async (t) => {
  const folder = temporaryFolder(t)
  const archive = join(folder, 'app-1.zip')
  writeFileSync(archive, zipOf([{ name: 'f', content: 'x' }]))
  const options = {
    report: () => undefined,
    signal: new AbortController().signal,
    step: 'unpack',
    floor: 2 ** 60,
  }
  await assert.rejects(unpackArchive(archive, join(folder, 'tree'), {}, options), {
    code: 'archive-too-large',
  })
})

test('an aborted unpack stops with the reason given', async (t) => {
  const folder = temporaryFolder(t)
  const archive = join(folder, 'app-1.tar')
  writeFileSync(archive, tarWith({ name: 'f' }))
  const reason = new AppError('aborted', 'stopped by a person')
  const options = { report: () => undefined, signal: AbortSignal.abort(reason), step: 'unpack' }
  await assert.rejects(unpackArchive(archive, join(folder, 'tree'), {}, options), reason)
})

test('progress is reported and ends with all bytes', async (t) => {
  const folder = temporaryFolder(t)
  const archive = join(folder, 'app-1.tar.gz')
  writeFileSync(
    archive,
    gzipSync(tarWith({ name: 'f', content: Buffer.alloc(9_000_000, 'abcdefg') })),
  )
  const done: number[] = []
  const report = (event: { type: string; done?: number }): void => void done.push(event.done ?? -1)
  const { bytes } = await unpackArchive(
    archive,
    join(folder, 'tree'),
    {},
    { report, signal: new AbortController().signal, step: 'unpack' },
  )
  assert.ok(done.length >= 2)
  assert.equal(done.at(-1), bytes)
})
