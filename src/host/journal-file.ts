import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import type { Journal, JournalEntry } from '../steps/index.ts'
import { isDirectory, openAppendLog, readAppendLog } from '../system/index.ts'

/** A deployment's journal on the disk: `journal/<deployment>.log`. */
export interface JournalFile extends Journal {
  close(): void
}

/** Opens a journal for its writer. `assertMayWrite` is asked before every entry, and throws for a late holder of the lock. */
export function openJournal(
  directory: string,
  deployment: string,
  assertMayWrite: () => void,
): JournalFile {
  const path = journalPath(directory, deployment)
  const log = openAppendLog(path)
  const entries = readAppendLog(path) as JournalEntry[]
  return {
    entries: () => entries,
    append: (entry) => {
      assertMayWrite()
      log.append(entry)
      entries.push(entry)
    },
    close: () => log.close(),
  }
}

export function readJournal(directory: string, deployment: string): JournalEntry[] {
  return readAppendLog(journalPath(directory, deployment)) as JournalEntry[]
}

/** Ids of all deployments of an app, newest first: ids begin with their time. */
export function listJournals(directory: string): string[] {
  if (!isDirectory(directory)) return []
  return readdirSync(directory)
    .filter((name) => name.endsWith('.log'))
    .map((name) => name.slice(0, -'.log'.length))
    .toSorted()
    .toReversed()
}

export function journalPath(directory: string, deployment: string): string {
  return join(directory, `${deployment}.log`)
}
