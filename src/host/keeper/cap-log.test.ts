import assert from 'node:assert/strict'
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { capLog, readTail } from './cap-log.ts'

test('a log is cut only when it has twice its limit, and keeps whole last lines', (t) => {
  const path = join(temporaryFolder(t), 'log')
  writeFileSync(path, 'line\n'.repeat(40))
  assert.equal(capLog(path, 100), undefined)
  appendFileSync(path, 'last\n')
  const moved = capLog(path, 100)
  const text = readFileSync(path, 'utf8')
  assert.equal(text, `[110 bytes of earlier output were dropped]\n${'line\n'.repeat(18)}last\n`)
  assert.equal(moved, 205 - text.length)
})

test('a writer that has the log open goes on at its new end', (t) => {
  const path = join(temporaryFolder(t), 'log')
  const writer = openSync(path, 'a')
  writeSync(writer, 'x'.repeat(1000))
  capLog(path, 100)
  writeSync(writer, 'more\n')
  closeSync(writer)
  assert.match(readFileSync(path, 'utf8'), /^\[900 bytes .*\]\nx{100}more\n$/)
})

test('the head is kept once', (t) => {
  const path = join(temporaryFolder(t), 'log')
  writeFileSync(path, `first\n${'x'.repeat(500)}`)
  capLog(path, 100, `${path}.head`)
  appendFileSync(path, 'y'.repeat(500))
  capLog(path, 100, `${path}.head`)
  assert.match(readFileSync(`${path}.head`, 'utf8'), /^first\nx{94}$/)
})

test('a log that does not exist is nothing to cut and has no tail', (t) => {
  const path = join(temporaryFolder(t), 'log')
  assert.equal(capLog(path, 1), undefined)
  assert.equal(readTail(path, 100), '')
})

test('a tail begins with a whole line, or where it is told to', (t) => {
  const path = join(temporaryFolder(t), 'log')
  writeFileSync(path, 'one\ntwo\nthree\n')
  assert.equal(readTail(path, 100), 'one\ntwo\nthree\n')
  assert.equal(readTail(path, 8), 'three\n')
  assert.equal(readTail(path, 100, 4), 'two\nthree\n')
  assert.equal(readTail(path, 100, 14), '')
  assert.equal(readTail(path, 100, 1000), 'one\ntwo\nthree\n')
})
