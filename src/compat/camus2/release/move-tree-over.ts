import { lstatSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { isDirectory, syncDirectory, withPath } from '../../../system/index.ts'

/**
 * Moves a file, or everything in a directory, over what lies at `to`: a file replaces the file of its name in one
 * rename, directories are merged, and what only `to` has stays. Both must be on one disk.
 */
export function moveTreeOver(from: string, to: string): void {
  withPath(to, () => {
    if (lstatSync(from).isDirectory()) mergeDirectory(from, to)
    else {
      renameSync(from, to)
      syncDirectory(dirname(to))
    }
  })
}

function mergeDirectory(from: string, to: string): void {
  if (!isDirectory(to)) mkdirSync(to, { mode: statSync(from).mode & 0o777 })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    const target = join(to, entry.name)
    withPath(target, () => {
      if (entry.isDirectory()) mergeDirectory(source, target)
      else renameSync(source, target)
    })
  }
  syncDirectory(to)
}
