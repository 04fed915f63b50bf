import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { digestTree, type Manifest } from '../../release/index.ts'
import {
  findDeployRecord,
  readDeployRecord,
  writeDeployRecord,
  type DeployRecord,
} from './deploy-record.ts'
import { findDrift } from './find-drift.ts'

async function stage(t: TestContext): Promise<{ directory: string; record: DeployRecord }> {
  const directory = temporaryFolder(t)
  mkdirSync(join(directory, 'bin'))
  for (const name of ['bin/shop', 'a.txt', 'b.txt']) writeFileSync(join(directory, name), name)
  const { treeDigest, files } = await digestTree(directory, { exclude: ['.sluice'] })
  const record: DeployRecord = {
    deployment: 'd1',
    label: 'shop-1',
    release: { name: 'shop', version: '1', digest: 'd' },
    role: undefined,
    manifest: {} as Manifest,
    contextHash: 'c',
    treeDigest,
    files,
    rendered: [],
  }
  writeDeployRecord(directory, record)
  return { directory, record }
}

test('a deploy as it was staged has no drift, whatever the app added', async (t) => {
  const { directory, record } = await stage(t)
  writeFileSync(join(directory, 'shop.pid'), '1')
  assert.deepEqual(await findDrift(directory, record), [])
})

test('a changed file, another mode and a missing file are told apart', async (t) => {
  const { directory, record } = await stage(t)
  writeFileSync(join(directory, 'a.txt'), 'by hand')
  chmodSync(join(directory, 'bin/shop'), 0o755)
  rmSync(join(directory, 'b.txt'))
  const drift = await findDrift(directory, record)
  assert.deepEqual(drift.map(({ file, difference }) => `${file} ${difference}`).toSorted(), [
    'a.txt changed',
    'b.txt missing',
    'bin/shop changed',
  ])
})

test('a record comes back as it was written; a directory without one is no deploy', async (t) => {
  const { directory, record } = await stage(t)
  assert.deepEqual(readDeployRecord(directory), JSON.parse(JSON.stringify(record)))
  const empty = temporaryFolder(t)
  assert.equal(findDeployRecord(empty), undefined)
  assert.throws(() => readDeployRecord(empty), { code: 'not-found' })
})
