import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { systemClock } from '../../system/index.ts'
import { openStorage } from '../storage/open-storage.ts'
import { pruneReleases } from './keep-releases-pruned.ts'
import { openReleaseFiles } from './release-files.ts'

test('what is beyond the rules goes with its archive, and so does what a killed server left', async (t) => {
  const folder = temporaryFolder(t)
  const directory = join(folder, 'releases')
  const storage = await openStorage({ kind: 'sqlite', path: join(folder, 'db') })
  afterwards(t, () => storage.close())
  const archives = openReleaseFiles({ directory, keepFree: 0 })
  const digest = (letter: string): string => letter.repeat(64)
  for (const [index, letter] of ['a', 'b', 'c', 'd'].entries()) {
    writeFileSync(join(directory, digest(letter)), 'archive')
    await storage.releases.add({
      digest: digest(letter),
      name: 'shop',
      version: letter,
      size: 7,
      file: 'shop.tar',
      signed: null,
      publishedAt: index,
      publishedBy: 'me',
    })
  }
  // Nobody knows these; one of each is too young to be given up.
  const yesterday = new Date(Date.now() - 24 * 60 * 60_000)
  for (const letter of ['e', 'f']) writeFileSync(join(directory, digest(letter)), 'orphan')
  for (const name of ['upload-old', 'upload-new']) mkdirSync(join(directory, 'incoming', name))
  for (const name of [digest('a'), digest('d'), digest('e'), 'incoming/upload-old'])
    utimesSync(join(directory, name), yesterday, yesterday)
  const settings = { keep: { count: 2 }, pinned: ['shop@a'] }
  const removed = await pruneReleases({ storage, archives, clock: systemClock, settings })
  assert.deepEqual(
    removed.map(({ version }) => version),
    ['b'],
  )
  const kept = ['a', 'c', 'd', 'f'].map(digest)
  assert.deepEqual(readdirSync(directory).toSorted(), [...kept, 'incoming'].toSorted())
  assert.deepEqual(readdirSync(join(directory, 'incoming')), ['upload-new'])
  const listed = await storage.releases.list({ limit: 9 })
  assert.deepEqual(
    listed.map(({ version }) => version),
    ['d', 'c', 'a'],
  )
})
