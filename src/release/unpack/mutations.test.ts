import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { unpack } from '../../../test/support/unpack-case.ts'
import { AppError } from '../../errors/index.ts'
import { readFileSync } from 'node:fs'
import { digestTree, type TreeFile } from '../digest-tree.ts'
import { packRelease } from '../pack/pack-release.ts'

// The zip format has no checksum over its directory: a flipped bit there can change a file's mode unnoticed by the
// archive itself. Only the archive's sha256 guards that, so for zips the modes are left out of the comparison.
const describe = (extension: string, { path, mode, digest }: TreeFile): string =>
  extension === 'zip' ? `${path} ${digest}` : `${path} ${mode} ${digest}`

async function sample(
  t: TestContext,
  extension: string,
): Promise<{ folder: string; bytes: Buffer; truth: string[] }> {
  const folder = temporaryFolder(t)
  const source = join(folder, 'source')
  mkdirSync(join(source, 'lib'), { recursive: true })
  writeFileSync(join(source, 'release.json'), '{"name":"app","version":"1"}')
  writeFileSync(join(source, 'run.sh'), '#!/bin/sh\nexec sleep 1\n', { mode: 0o755 })
  writeFileSync(
    join(source, 'lib/words.txt'),
    Array.from({ length: 300 }, (_, index) => `word ${index * 37}`).join('\n'),
  )
  symlinkSync('lib/words.txt', join(source, 'words'))
  const { file } = await packRelease(source, { to: join(folder, `app-1.${extension}`) })
  const { files } = await digestTree(source)
  return {
    folder,
    bytes: readFileSync(file),
    truth: files.map((each) => describe(extension, each)),
  }
}

/** Unpacks damaged bytes: an AppError, or exactly what was packed. */
async function outcome(
  place: { folder: string; extension: string; truth: string[] },
  bytes: Buffer,
): Promise<'refused' | 'same'> {
  const archive = join(place.folder, `mutant-1.${place.extension}`)
  const tree = join(place.folder, 'mutant')
  rmSync(tree, { recursive: true, force: true })
  writeFileSync(archive, bytes)
  try {
    await unpack(archive, tree)
  } catch (error) {
    assert.ok(error instanceof AppError, String(error instanceof Error ? error.stack : error))
    assert.notEqual(error.code, 'bug')
    return 'refused'
  }
  const { files } = await digestTree(tree)
  assert.deepEqual(
    files.map((each) => describe(place.extension, each)),
    place.truth,
  )
  return 'same'
}

for (const extension of ['zip', 'tar.gz', 'tar.zst']) {
  test(`a ${extension} cut at every fiftieth of its length is refused`, async (t) => {
    const { folder, bytes, truth } = await sample(t, extension)
    for (let cut = 0; cut < 50; cut++) {
      const part = bytes.subarray(0, Math.floor((bytes.length * cut) / 50))
      assert.equal(
        await outcome({ folder, extension, truth }, part),
        'refused',
        `cut at ${part.length}`,
      )
    }
    for (let missing = 1; missing <= 30; missing++) {
      assert.equal(
        await outcome({ folder, extension, truth }, bytes.subarray(0, -missing)),
        'refused',
        `${missing} missing`,
      )
    }
  })

  test(`a ${extension} with a flipped bit is refused or unpacks to the same tree`, async (t) => {
    const { folder, bytes, truth } = await sample(t, extension)
    let refused = 0
    const step = Math.max(1, Math.floor(bytes.length / 400))
    for (let index = 0; index < bytes.length; index += step) {
      const damaged = Buffer.from(bytes)
      damaged[index] = (damaged[index] ?? 0) ^ (1 << (index % 8))
      if ((await outcome({ folder, extension, truth }, damaged)) === 'refused') refused += 1
    }
    assert.ok(refused > 100, `only ${refused} refused`)
  })
}
