import assert from 'node:assert/strict'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import test from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { AppError } from '../../errors/index.ts'
import { downloadFile } from './download-file.ts'
import type { FileSource, OfferedFile } from './file-source.ts'

type Answer = () => OfferedFile

/** A server that notes what it is asked; `answers` are given to the openings in turn. */
function scripted(answers: readonly Answer[]): { source: FileSource; asked: string[] } {
  const asked: string[] = []
  const turns = answers.values()
  return {
    asked,
    source: {
      refresh: async () => void asked.push('refresh'),
      open: async () => {
        asked.push('open')
        const turn = turns.next().value
        if (turn === undefined) throw new AppError('not-found', 'nothing there')
        return turn()
      },
    },
  }
}

const whole: Answer = () => ({ size: 3, body: Readable.from([Buffer.from('new')]) })
const short: Answer = () => ({ size: 4, body: Readable.from([Buffer.from('new')]) })
const missing: Answer = () => {
  throw new AppError('not-found', 'nothing there')
}
const broken: Answer = () => ({
  size: 9,
  body: Readable.from(
    (async function* () {
      yield Buffer.from('ne')
      throw new Error('connection lost')
    })(),
  ),
})

function get(
  dest: string,
  source: FileSource,
  more: { cache?: boolean; url?: string } = {},
): Promise<void> {
  const action = { kind: 'download', source: 'web', url: 'u', cache: false, dest, ...more } as const
  return downloadFile(action, dest, { source, signal: new AbortController().signal })
}

const orders: readonly (readonly [string, boolean, readonly Answer[], string])[] = [
  ['without cache the file is fetched afresh', false, [whole], 'refresh open'],
  ['with cache what is there is taken', true, [whole], 'open'],
  ['with cache a missing file is fetched', true, [missing, whole], 'open refresh open'],
  [
    'a file that does not arrive is fetched once more',
    false,
    [broken, whole],
    'refresh open refresh open',
  ],
  ['a file that is too short is fetched once more', true, [short, whole], 'open refresh open'],
]

for (const [name, cache, answers, expected] of orders) {
  test(name, async (t) => {
    const dest = join(temporaryFolder(t), 'file')
    const { source, asked } = scripted(answers)
    await get(dest, source, { cache })
    assert.equal(asked.join(' '), expected)
    assert.equal(readFileSync(dest, 'utf8'), 'new')
  })
}

test('a failed download leaves what was there, and nothing beside it', async (t) => {
  const folder = temporaryFolder(t)
  const dest = join(folder, 'file')
  writeFileSync(dest, 'good')
  const { source, asked } = scripted([broken, short])
  await assert.rejects(get(dest, source), { code: 'download-failed' })
  assert.equal(asked.length, 4)
  assert.equal(readFileSync(dest, 'utf8'), 'good')
  assert.deepEqual(readdirSync(folder), ['file'])
})

test('a file that is replaced keeps its permissions, and a link stays a link', async (t) => {
  const folder = temporaryFolder(t)
  const real = join(folder, 'real')
  writeFileSync(real, 'old')
  chmodSync(real, 0o751)
  symlinkSync('real', join(folder, 'link'))
  await get(join(folder, 'link'), scripted([whole]).source)
  assert.equal(readFileSync(real, 'utf8'), 'new')
  assert.equal(statSync(real).mode & 0o777, 0o751)
  assert.equal(lstatSync(join(folder, 'link')).isSymbolicLink(), true)
})

test('missing folders are made, a name of 255 bytes is taken, a device is written into', async (t) => {
  const folder = temporaryFolder(t)
  const long = join(folder, 'a/b', 'x'.repeat(255))
  await get(long, scripted([whole]).source)
  assert.equal(readFileSync(long, 'utf8'), 'new')
  await get('/dev/null', scripted([whole]).source)
  assert.equal(lstatSync('/dev/null').isCharacterDevice(), true)
})

test('what this machine refuses is not fetched once more', async (t) => {
  const dest = join(temporaryFolder(t), 'folder')
  mkdirSync(dest)
  const { source, asked } = scripted([whole, whole])
  await assert.rejects(get(dest, source), { code: 'io-failed' })
  assert.equal(asked.join(' '), 'refresh open')
})

test('a download without an address or a place fails before anything is asked', async (t) => {
  const { source, asked } = scripted([])
  await assert.rejects(get(join(temporaryFolder(t), 'file'), source, { url: '' }), /no url/)
  await assert.rejects(get('', source), /no dest/)
  assert.deepEqual(asked, [])
})
