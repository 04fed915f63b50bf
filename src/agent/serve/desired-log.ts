import { join } from 'node:path'

import {
  openAppendLog,
  readAppendLog,
  replaceAppendLog,
  type AppendLog,
} from '../../system/index.ts'

export type DesiredRecord =
  /** A state came; nothing of it is read yet. */
  | { readonly type: 'came'; readonly text: string }
  /** We started again and work on what came last. */
  | { readonly type: 'began' }
  | { readonly type: 'settled' }
  /** What came last is not valid, or old news: the one before counts. */
  | { readonly type: 'void' }
  | { readonly type: 'aside' }

/** What the records say of the state that counts, without a look into it. */
export interface DesiredProgress {
  readonly text: string | undefined
  /** We have come through it. */
  readonly isSettled: boolean
  readonly isAside: boolean
  /** How often we ended in the middle of it; the work that goes on now counts as one. */
  readonly ends: number
}

export interface DesiredLog {
  readonly progress: DesiredProgress
  /** Durable when this returns. */
  append(record: DesiredRecord): void
  close(): void
}

/** Characters of states after which the log is written anew with the last alone. */
const longestLog = 4 * 1024 * 1024

const nothing: DesiredProgress = { text: undefined, isSettled: true, isAside: false, ends: 0 }

export function openDesiredLog(directory: string): DesiredLog {
  const path = join(directory, 'desired.log')
  const records = readAppendLog(path) as DesiredRecord[]
  let log: AppendLog = openAppendLog(path)
  let size = records.reduce((sum, record) => sum + sizeOf(record), 0)
  let history = records.reduce(afterRecord, { now: nothing, before: nothing })

  function shorten(text: string): void {
    log.close()
    try {
      replaceAppendLog(path, [
        { type: 'came', text },
        { type: 'settled' },
      ] satisfies DesiredRecord[])
      size = text.length
    } finally {
      // Also on a full disk: a number that is closed may soon be another file's.
      log = openAppendLog(path)
    }
  }

  return {
    get progress() {
      return history.now
    },
    append: (record) => {
      log.append(record)
      size += sizeOf(record)
      history = afterRecord(history, record)
      const { text, isSettled } = history.now
      if (isSettled && text !== undefined && size > longestLog) shorten(text)
    },
    close: () => log.close(),
  }
}

interface History {
  readonly now: DesiredProgress
  readonly before: DesiredProgress
}

function afterRecord({ now, before }: History, record: DesiredRecord): History {
  switch (record.type) {
    case 'came':
      return {
        now: { text: record.text, isSettled: false, isAside: false, ends: 1 },
        before: now,
      }
    case 'began':
      return { now: { ...now, isSettled: false, ends: now.ends + 1 }, before }
    case 'settled':
      return { now: { ...now, isSettled: true, ends: 0 }, before }
    case 'void':
      return { now: before, before }
    case 'aside':
      return { now: { ...now, isAside: true }, before }
  }
}

function sizeOf(record: DesiredRecord): number {
  return record.type === 'came' ? record.text.length : 20
}
