import assert from 'node:assert/strict'
import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { bareZip, zipOf, type ZipEdits, type ZipParts } from '../../../test/support/build-zip.ts'
import { tarOf } from '../../../test/support/build-tar.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { unpackArchive } from './unpack-archive.ts'
import type { UnpackLimits } from './unpack-limits.ts'

async function unpackAs(
  t: TestContext,
  bytes: Buffer,
  limits: Partial<UnpackLimits> = {},
): Promise<string> {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'archive'), bytes)
  const options = {
    profile: 'camus2',
    report: () => undefined,
    signal: new AbortController().signal,
    step: 'unpack',
  } as const
  await unpackArchive(join(folder, 'archive'), join(folder, 'tree'), limits, options)
  return join(folder, 'tree')
}

const zip = (entries: ZipParts[], edits?: ZipEdits): Buffer => zipOf(entries, edits)

test('Camus2: a repeated name replaces the earlier file', async (t) => {
  const tree = await unpackAs(
    t,
    zip([
      { name: 'a', content: 'old' },
      { name: 'a', content: 'new' },
    ]),
  )
  assert.equal(readFileSync(join(tree, 'a'), 'utf8'), 'new')
})

test('Camus2: a link becomes a file that holds its target', async (t) => {
  const tree = await unpackAs(t, zip([{ name: 'l', content: '/etc/passwd', mode: 0o120777 }]))
  assert.ok(lstatSync(join(tree, 'l')).isFile())
  assert.equal(readFileSync(join(tree, 'l'), 'utf8'), '/etc/passwd')
})

test('Camus2: names with odd parts that stay inside are passed over', async (t) => {
  const tree = await unpackAs(
    t,
    zip([{ name: './a' }, { name: 'b/../c' }, { name: 'd//e' }, { name: 'f' }]),
  )
  assert.deepEqual(readdirSync(tree).toSorted(), ['f', 'release.json'])
})

test('Camus2: directories, odd modes, control characters and unknown bytes in between are tolerated', async (t) => {
  const tree = await unpackAs(
    t,
    zip(
      [
        { name: 'd/', mode: 0o040755 },
        { name: 'e/', mode: 0o100644 },
        { name: 'x\u001b', mode: 0o104777 },
        { name: 'A' },
        { name: 'a' },
      ],
      { gap: Buffer.from('gap') },
    ),
  )
  assert.equal(lstatSync(join(tree, 'x\u001b')).mode & 0o7777, 0o755)
  assert.ok(lstatSync(join(tree, 'e')).isDirectory())
  assert.equal(readdirSync(tree).length, 6)
})

test('Camus2: an archive without release.json unpacks; its absence is the reader of it to tell', async (t) => {
  assert.deepEqual(readdirSync(await unpackAs(t, bareZip([{ name: 'a' }]))), ['a'])
})

for (const name of ['../x', '/etc/x', 'a/../../x', '..', 'a/../..']) {
  test(`Camus2: the name ${name} is refused`, async (t) => {
    await assert.rejects(unpackAs(t, zip([{ name }])), { code: 'archive-unsafe' })
  })
}

test('Camus2: bombs are refused', async (t) => {
  const bomb = zip([{ name: 'f', content: Buffer.alloc(8_000_000) }])
  await assert.rejects(unpackAs(t, bomb, { ratioFrom: 1_000_000 }), { code: 'archive-too-large' })
  await assert.rejects(unpackAs(t, zip([{ name: 'x', central: { offset: 0 } }])), {
    code: 'archive-invalid',
  })
})

test('Camus2: only zips are read', async (t) => {
  await assert.rejects(unpackAs(t, tarOf([])), { code: 'archive-invalid' })
})
