import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { AppError } from '../errors/index.ts'
import { openAppendLog, readAppendLog } from './append-log.ts'

function writeLog(file: string, records: readonly unknown[]): void {
  const log = openAppendLog(file)
  for (const record of records) log.append(record)
  log.close()
}

test('records come back in order, also those with newlines and other scripts', (t) => {
  const file = join(temporaryFolder(t), 'journal.log')
  const records = [{ n: 1 }, { text: 'two\nlines' }, { text: 'ünïcödé 日本' }]
  writeLog(file, records)
  assert.deepEqual(readAppendLog(file), records)
})

test('a log that does not exist has no records', (t) => {
  assert.deepEqual(readAppendLog(join(temporaryFolder(t), 'none')), [])
})

test('a torn last line is ignored, wherever it was cut, and cut off before the next record', (t) => {
  const file = join(temporaryFolder(t), 'journal.log')
  writeLog(file, [{ n: 1 }, { n: 2 }])
  const whole = readFileSync(file)
  const firstLine = whole.indexOf(0x0a) + 1
  for (let length = firstLine; length < whole.length; length++) {
    writeFileSync(file, whole.subarray(0, length))
    assert.deepEqual(readAppendLog(file), [{ n: 1 }], `cut after ${length} bytes`)
    writeLog(file, [{ n: 3 }])
    assert.deepEqual(
      readAppendLog(file),
      [{ n: 1 }, { n: 3 }],
      `cut after ${length} bytes, then written`,
    )
  }
})

test('zero bytes behind the last record, as a crash can leave, are a torn tail too', (t) => {
  const file = join(temporaryFolder(t), 'journal.log')
  writeLog(file, [{ n: 1 }])
  appendFileSync(file, Buffer.alloc(100))
  assert.deepEqual(readAppendLog(file), [{ n: 1 }])
})

test('a damaged line before the last is an error and not a shorter log', (t) => {
  const file = join(temporaryFolder(t), 'journal.log')
  writeLog(file, [{ n: 1 }, { n: 2 }, { n: 3 }])
  const bytes = readFileSync(file)
  const at = bytes.indexOf('2')
  bytes[at] = 0x39
  writeFileSync(file, bytes)
  assert.throws(
    () => readAppendLog(file),
    (error: unknown) => error instanceof AppError && error.code === 'state-corrupt',
  )
})
