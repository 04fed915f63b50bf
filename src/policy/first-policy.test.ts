import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { writeFirstPolicy } from './first-policy.ts'
import { readPolicy } from './policy-file.ts'

test('a first policy allows the apps that were named, and is one that we read', async (t) => {
  const path = join(temporaryFolder(t), 'etc/policy.yaml')
  assert.equal(writeFirstPolicy(path, ['shop', 'blog']), true)
  const { apps, signing, scripts } = await readPolicy(path)
  assert.deepEqual(Object.keys(apps), ['shop', 'blog'])
  assert.deepEqual([signing.mode, Object.keys(scripts)], ['warn', []])
  assert.equal(statSync(path).mode & 0o777, 0o644)
})

test('a policy that is there stays as it is', (t) => {
  const path = join(temporaryFolder(t), 'policy.yaml')
  writeFileSync(path, 'apps: {}\n')
  assert.equal(writeFirstPolicy(path, ['shop']), false)
  assert.equal(readFileSync(path, 'utf8'), 'apps: {}\n')
})

test('what is no name of an app is not written', (t) => {
  const path = join(temporaryFolder(t), 'policy.yaml')
  assert.throws(() => writeFirstPolicy(path, ['a: {}\n  "*"']), { code: 'usage' })
})
