import assert from 'node:assert/strict'
import { linkSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { AppError, type ErrorCode } from '../errors/index.ts'
import { readStateFile, writeStateFile } from './state-file.ts'

function hasCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof AppError && error.code === code
}

test('every write is the next generation', (t) => {
  const file = join(temporaryFolder(t), 'app.json')
  assert.equal(readStateFile(file, 1), undefined)
  writeStateFile(file, 1, { n: 1 })
  writeStateFile(file, 1, { n: 2 })
  assert.deepEqual(readStateFile(file, 1), { generation: 2, state: { n: 2 }, isPrevious: false })
})

test('a damaged state is never taken for an empty one: the previous copy takes over', (t) => {
  const file = join(temporaryFolder(t), 'app.json')
  writeStateFile(file, 1, { n: 1 })
  writeStateFile(file, 1, { n: 2 })
  const whole = readFileSync(file, 'utf8')
  for (const damage of [
    '',
    '{',
    whole.replace('"n":2', '"n":3'),
    whole.slice(0, -10),
    '\0'.repeat(50),
  ]) {
    writeFileSync(file, damage)
    assert.deepEqual(
      readStateFile(file, 1),
      { generation: 1, state: { n: 1 }, isPrevious: true },
      JSON.stringify(damage),
    )
  }
})

test('a write over a damaged state keeps the good copy until there are two again', (t) => {
  const file = join(temporaryFolder(t), 'app.json')
  for (const n of [1, 2]) writeStateFile(file, 1, { n })
  writeFileSync(file, 'x')
  writeStateFile(file, 1, { n: 3 })
  writeFileSync(file, 'x')
  assert.deepEqual(readStateFile(file, 1)?.state, { n: 1 })
})

test('a write that was cut off between its two names is written again without a trace', (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'app.json')
  writeStateFile(file, 1, { n: 1 })
  linkSync(file, `${file}.previous`)
  writeStateFile(file, 1, { n: 2 })
  assert.deepEqual(readdirSync(folder), ['app.json', 'app.json.previous'])
  writeFileSync(file, 'x')
  assert.deepEqual(readStateFile(file, 1)?.state, { n: 1 })
})

test('two damaged copies are an error, and nothing is written over them', (t) => {
  const file = join(temporaryFolder(t), 'app.json')
  writeFileSync(file, 'x')
  writeFileSync(`${file}.previous`, 'y')
  assert.throws(() => readStateFile(file, 1), hasCode('state-corrupt'))
  assert.throws(() => writeStateFile(file, 1, {}), hasCode('state-corrupt'))
  assert.equal(readFileSync(file, 'utf8'), 'x')
})

test('a state of a newer format is refused', (t) => {
  const file = join(temporaryFolder(t), 'app.json')
  writeStateFile(file, 2, { n: 1 })
  assert.throws(() => readStateFile(file, 1), hasCode('state-too-new'))
})
