import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { AppError } from '../errors/index.ts'
import type { JournalEntry } from '../steps/index.ts'
import { journalPath, listJournals, openJournal, readJournal } from './journal-file.ts'

const begun: JournalEntry = { type: 'step-started', at: 1, step: 'fetch' }

test('what was appended is there for a reader at once, and for the next writer', (t) => {
  const directory = temporaryFolder(t)
  const journal = openJournal(directory, 'd1', () => undefined)
  journal.append(begun)
  assert.deepEqual(readJournal(directory, 'd1'), [begun])
  journal.close()
  const again = openJournal(directory, 'd1', () => undefined)
  assert.deepEqual(again.entries(), [begun])
  again.close()
})

test('a writer that may not write leaves neither an entry nor the memory of one', (t) => {
  const directory = temporaryFolder(t)
  const journal = openJournal(directory, 'd1', () => {
    throw new AppError('fenced', 'taken over')
  })
  assert.throws(() => journal.append(begun), { code: 'fenced' })
  assert.deepEqual([journal.entries(), readJournal(directory, 'd1')], [[], []])
  journal.close()
})

test('a line that was cut off is not read, and the next writer goes on behind the last whole one', (t) => {
  const directory = temporaryFolder(t)
  const first = openJournal(directory, 'd1', () => undefined)
  first.append(begun)
  first.close()
  appendFileSync(journalPath(directory, 'd1'), '0badc0de {"type":"outc')
  assert.deepEqual(readJournal(directory, 'd1'), [begun])
  const second = openJournal(directory, 'd1', () => undefined)
  second.append(begun)
  second.close()
  assert.deepEqual(readJournal(directory, 'd1'), [begun, begun])
})

test('journals are listed newest first; nothing else in the directory is one', (t) => {
  const directory = temporaryFolder(t)
  for (const name of ['20260101-1.log', '20260102-1.log', '.x.1.2.tmp', 'notes.txt'])
    writeFileSync(join(directory, name), '')
  assert.deepEqual(listJournals(directory), ['20260102-1', '20260101-1'])
  assert.deepEqual(listJournals(join(directory, 'gone')), [])
})
