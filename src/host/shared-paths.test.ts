import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { linkShared } from './shared-paths.ts'

function places(t: TestContext): { shared: string; tree: string; elsewhere: string } {
  const folder = temporaryFolder(t)
  const made = {
    shared: join(folder, 'shared'),
    tree: join(folder, 'tree'),
    elsewhere: join(folder, 'elsewhere'),
  }
  for (const directory of Object.values(made)) mkdirSync(directory)
  return made
}

const nothing = { files: [], directories: [] }

test('what the first release brings is shared, and a later one does not overwrite it', (t) => {
  const { shared, tree, elsewhere: later } = places(t)
  writeFileSync(join(tree, 'users.txt'), 'first')
  writeFileSync(join(later, 'users.txt'), 'second')
  linkShared(shared, tree, { ...nothing, files: ['users.txt'] }, undefined)
  linkShared(shared, later, { ...nothing, files: ['users.txt'] }, undefined)
  assert.equal(readFileSync(join(later, 'users.txt'), 'utf8'), 'first')
})

test('a link that the app put into its shared directory is not followed by the next release', (t) => {
  const { shared, tree, elsewhere } = places(t)
  mkdirSync(join(shared, 'data'))
  symlinkSync(elsewhere, join(shared, 'data/link'))
  assert.throws(
    () => linkShared(shared, tree, { ...nothing, directories: ['data/link/made'] }, undefined),
    { code: 'manifest-invalid' },
  )
  assert.equal(existsSync(join(elsewhere, 'made')), false)
})

test('a link where shared content is expected is refused, in the release and on the host', (t) => {
  const { shared, tree, elsewhere } = places(t)
  symlinkSync(elsewhere, join(tree, 'brought'))
  symlinkSync(elsewhere, join(shared, 'kept'))
  for (const path of ['brought', 'kept']) {
    const share = () => linkShared(shared, tree, { ...nothing, directories: [path] }, undefined)
    assert.throws(share, { code: 'manifest-invalid' })
  }
})

test('a directory that an earlier release shared as a file is refused', (t) => {
  const { shared, tree } = places(t)
  linkShared(shared, tree, { ...nothing, files: ['data'] }, undefined)
  assert.throws(
    () => linkShared(shared, tree, { ...nothing, directories: ['data'] }, undefined),
    /shares "data" as a directory/,
  )
})

test('what a release does not bring is made empty, and linked', (t) => {
  const { shared, tree } = places(t)
  linkShared(shared, tree, { files: ['conf/local.ini'], directories: ['uploads'] }, undefined)
  assert.ok(statSync(join(tree, 'uploads')).isDirectory())
  assert.equal(readFileSync(join(tree, 'conf/local.ini'), 'utf8'), '')
  assert.equal(readlinkSync(join(tree, 'uploads')), join(shared, 'uploads'))
})

test('linking the same tree again, as after a crash, changes nothing', (t) => {
  const { shared, tree } = places(t)
  const paths = { ...nothing, directories: ['uploads'] }
  linkShared(shared, tree, paths, undefined)
  writeFileSync(join(tree, 'uploads/by'), 'a visitor')
  linkShared(shared, tree, paths, undefined)
  assert.equal(readFileSync(join(shared, 'uploads/by'), 'utf8'), 'a visitor')
})
