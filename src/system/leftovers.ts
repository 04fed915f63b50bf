import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { isDirectory, removeTree } from './atomic-file.ts'
import { identify } from './processes.ts'

/** Temporary files, removed trees and private programs are named so: a dot, what it is, the pid, a serial number. */
const leftoverName = /^\.(?:.+\.)?(\d+)\.\d+(?:\.tmp)?$/

/** Removes from a directory what processes that have ended left half written; a missing directory has nothing. */
export function removeLeftovers(directory: string): void {
  if (!isDirectory(directory)) return
  for (const name of readdirSync(directory)) {
    const pid = leftoverName.exec(name)?.[1]
    if (pid !== undefined && identify(Number(pid)) === undefined) removeTree(join(directory, name))
  }
}

/**
 * Removes what an interrupted write or removal of this very path left beside it, also when a process of that number
 * lives: it may be another one by now. Only for places where nobody else writes.
 */
export function removeUnfinished(path: string): void {
  const directory = dirname(path)
  if (!isDirectory(directory)) return
  const own = `.${basename(path)}.`
  for (const name of readdirSync(directory)) {
    const isWrite = name.startsWith(own) && /^\d+\.\d+\.tmp$/.test(name.slice(own.length))
    if (isWrite || /^\.removed\.\d+\.\d+$/.test(name)) removeTree(join(directory, name))
  }
}
