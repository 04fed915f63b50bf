import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { AppError } from '../errors/index.ts'
import {
  createFile,
  finishOverwrite,
  isDirectory,
  makeDirectory,
  overwriteInPlace,
  pathExists,
  publishDirectory,
  removeFile,
  removeTree,
  replaceFile,
  swapLink,
} from './atomic-file.ts'

test('replaceFile leaves the new content, the mode asked for and nothing else', (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'state.json')
  replaceFile(file, 'one')
  replaceFile(file, 'two', { mode: 0o640 })
  assert.equal(readFileSync(file, 'utf8'), 'two')
  assert.equal(statSync(file).mode & 0o777, 0o640)
  assert.deepEqual(readdirSync(folder), ['state.json'])
})

test('replaceFile creates files that only we can read, whatever the umask', (t) => {
  const before = process.umask(0)
  t.after(() => process.umask(before))
  const file = join(temporaryFolder(t), 'secret')
  replaceFile(file, 'x')
  assert.equal(statSync(file).mode & 0o777, 0o600)
})

test('replaceFile gives the file a new inode, overwriteInPlace keeps the old one', (t) => {
  const file = join(temporaryFolder(t), 'nginx.conf')
  writeFileSync(file, 'a long first content')
  const inode = statSync(file).ino
  overwriteInPlace(file, 'short')
  assert.equal(readFileSync(file, 'utf8'), 'short')
  assert.equal(statSync(file).ino, inode)
  replaceFile(file, 'other')
  assert.notEqual(statSync(file).ino, inode)
})

test('an overwrite that was cut in the middle is finished from its synced copy', (t) => {
  const file = join(temporaryFolder(t), 'nginx.conf')
  writeFileSync(file, 'half of the new cont')
  writeFileSync(`${file}.next`, 'half of the new content and the rest')
  finishOverwrite(file)
  assert.equal(readFileSync(file, 'utf8'), 'half of the new content and the rest')
  assert.equal(existsSync(`${file}.next`), false)
  finishOverwrite(file)
})

test('a failed replaceFile says where, keeps the old content and leaves no temporary file', (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'taken')
  mkdirSync(file)
  assert.throws(
    () => replaceFile(file, 'x'),
    (error: unknown) =>
      error instanceof AppError && error.code === 'io-failed' && error.message.includes(file),
  )
  assert.deepEqual(readdirSync(folder), ['taken'])
})

test('swapLink replaces a link, also a dangling one, and never follows it', (t) => {
  const folder = temporaryFolder(t)
  const link = join(folder, 'current')
  symlinkSync('nowhere', link)
  swapLink('deploys/a', link)
  swapLink('deploys/b', link)
  assert.equal(readlinkSync(link), 'deploys/b')
  assert.deepEqual(readdirSync(folder), ['current'])
})

test('publishDirectory moves a finished directory as a whole', (t) => {
  const folder = temporaryFolder(t)
  makeDirectory(join(folder, 'staging', 'tree'))
  makeDirectory(join(folder, 'deploys'))
  writeFileSync(join(folder, 'staging', 'tree', 'file'), 'x')
  publishDirectory(join(folder, 'staging', 'tree'), join(folder, 'deploys', 'app-1'))
  assert.equal(readFileSync(join(folder, 'deploys', 'app-1', 'file'), 'utf8'), 'x')
  assert.deepEqual(readdirSync(join(folder, 'staging')), [])
})

test('removing what is not there is success', (t) => {
  const folder = temporaryFolder(t)
  removeFile(join(folder, 'no'))
  removeTree(join(folder, 'no'))
  assert.deepEqual(readdirSync(folder), [])
})

test('what is below a file, behind links in a ring or named too long is not there', (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'file'), '')
  symlinkSync('ring', join(folder, 'ring'))
  for (const name of ['no', 'file/x', 'ring/x', 'x'.repeat(300)]) {
    assert.equal(pathExists(join(folder, name)), false, name)
    assert.equal(isDirectory(join(folder, name)), false, name)
  }
  assert.equal(pathExists(join(folder, 'ring')), true)
  assert.equal(isDirectory(join(folder, 'ring')), false)
})

test('removeTree removes a link itself and not what it points to', (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'kept'))
  symlinkSync('kept', join(folder, 'link'))
  removeTree(join(folder, 'link'))
  assert.equal(lstatSync(join(folder, 'kept')).isDirectory(), true)
  assert.deepEqual(readdirSync(folder), ['kept'])
})

test('createFile never touches a file that is there, and leaves nothing beside it', (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'identity')
  assert.equal(createFile(file, 'first'), true)
  assert.equal(createFile(file, 'second'), false)
  assert.equal(readFileSync(file, 'utf8'), 'first')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(folder), ['identity'])
})

test('createFile takes a dangling link for a taken path', (t) => {
  const folder = temporaryFolder(t)
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'identity'))
  assert.equal(createFile(join(folder, 'identity'), 'x'), false)
  assert.deepEqual(readdirSync(folder), ['identity'])
})
