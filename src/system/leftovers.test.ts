import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { removeLeftovers, removeUnfinished } from './leftovers.ts'

/** No process has it: it is above the largest pid of a kernel. */
const gone = 4_194_400

test('what ended processes left half written goes, and nothing else', (t) => {
  const folder = temporaryFolder(t)
  const kept = ['app.json', '.hidden', '.env.1.bak', `.app.json.${process.pid}.1.tmp`]
  const left = [`.app.json.${gone}.12.tmp`, `.program.${gone}.1`]
  for (const name of [...kept, ...left]) writeFileSync(join(folder, name), '')
  mkdirSync(join(folder, `.removed.${gone}.2/inner`), { recursive: true })
  removeLeftovers(folder)
  assert.deepEqual(readdirSync(folder).toSorted(), kept.toSorted())
  removeLeftovers(join(folder, 'missing'))
})

test('what an interrupted write of one path left goes whoever wrote it, and nothing of other names', (t) => {
  const folder = temporaryFolder(t)
  const kept = [
    'app.ini',
    '.app.ini.1.2',
    '.env.1.2.tmp',
    '.version.1.2',
    `.app.${process.pid}.1.tmp`,
  ]
  for (const name of [...kept, `.app.ini.${process.pid}.8.tmp`])
    writeFileSync(join(folder, name), '')
  mkdirSync(join(folder, `.removed.${process.pid}.2/inner`), { recursive: true })
  removeUnfinished(join(folder, 'app.ini'))
  assert.deepEqual(readdirSync(folder).toSorted(), kept.toSorted())
  removeUnfinished(join(folder, 'missing/app.ini'))
})
