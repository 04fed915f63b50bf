import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { digestFile, digestTree, linkMode } from './digest-tree.ts'

function sample(t: TestContext): string {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'a/b'), { recursive: true })
  writeFileSync(join(folder, 'a/b/file'), 'content')
  writeFileSync(join(folder, 'a.txt'), 'text', { mode: 0o644 })
  symlinkSync('a.txt', join(folder, 'link'))
  return folder
}

test('the digest covers paths, modes, contents and targets', async (t) => {
  const folder = sample(t)
  const { treeDigest, files } = await digestTree(folder)
  assert.deepEqual(
    files.map(({ path }) => path),
    ['a.txt', 'a/b/file', 'link'],
  )
  assert.equal(files[2]?.mode, linkMode)
  const changes: readonly [string, () => void][] = [
    ['content', () => writeFileSync(join(folder, 'a.txt'), 'Text')],
    ['mode', () => chmodSync(join(folder, 'a.txt'), 0o755)],
    ['name', () => renameSync(join(folder, 'a.txt'), join(folder, 'b.txt'))],
    [
      'target',
      () => {
        rmSync(join(folder, 'link'))
        symlinkSync('b.txt', join(folder, 'link'))
      },
    ],
    ['new file', () => writeFileSync(join(folder, 'a/new'), '')],
  ]
  const seen = new Set([treeDigest])
  for (const [what, change] of changes) {
    change()
    const now = (await digestTree(folder)).treeDigest
    assert.ok(!seen.has(now), what)
    seen.add(now)
  }
})

test('times and empty directories do not count', async (t) => {
  const folder = sample(t)
  const before = await digestTree(folder)
  utimesSync(join(folder, 'a.txt'), 1, 1)
  mkdirSync(join(folder, 'empty'))
  assert.deepEqual(await digestTree(folder), before)
})

test('what is excluded does not count, with all below it', async (t) => {
  const folder = sample(t)
  const { files } = await digestTree(folder, { exclude: ['a', 'link'] })
  assert.deepEqual(
    files.map(({ path }) => path),
    ['a.txt'],
  )
})

test('a file larger than is read at once has the same digest as its bytes', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'large'), Buffer.alloc(3_000_000, 'large'))
  const { files } = await digestTree(folder)
  assert.equal(files[0]?.digest, await digestFile(join(folder, 'large')))
})

test('a missing file is named in the error', async (t) => {
  await assert.rejects(digestFile(join(temporaryFolder(t), 'nothing')), {
    code: 'io-failed',
    message: /nothing/,
  })
})
