import { statfsSync } from 'node:fs'

import { AppError } from '../../errors/index.ts'
import type { UnpackLimits } from './unpack-limits.ts'

/** Counts what is really unpacked and stops it at the limits; announced sizes are not believed. */
export interface UnpackBudget {
  /** Refuses early what announces too much. */
  announce(totalBytes: number, entries: number): void
  announceFile(size: number): void
  addEntry(): void
  addBytes(count: number): void
  /** Counted so far. */
  bytes(): number
}

interface BudgetScope {
  /** On the disk that is unpacked to. */
  readonly directory: string
  readonly archiveSize: number
  /** Bytes that must stay free there. */
  readonly floor: number | undefined
}

const defaultFloor = 256 * 1024 ** 2

export function openBudget(scope: BudgetScope, limits: UnpackLimits): UnpackBudget {
  const { directory, archiveSize, floor = defaultFloor } = scope
  const disk = statfsSync(directory)
  const room = disk.bavail * disk.bsize - floor
  // Some file systems make inodes as they go and report none.
  const entryRoom = disk.files === 0 ? Number.POSITIVE_INFINITY : disk.ffree
  const mostEntries = Math.min(limits.entries, entryRoom)
  let bytes = 0
  let entries = 0

  function assertBytes(total: number): void {
    if (total > room) {
      throw tooLarge(`unpacking needs more than the ${Math.max(0, room)} bytes that may be used`)
    }
    if (total > limits.totalBytes) {
      throw tooLarge(`unpacks to more than ${limits.totalBytes} bytes`)
    }
    if (total > limits.ratioFrom && total > limits.ratio * archiveSize) {
      throw tooLarge(`unpacks to more than ${limits.ratio} times its size`)
    }
  }

  function assertEntries(count: number): void {
    if (count > mostEntries) throw tooLarge(`has more than ${mostEntries} entries`)
  }

  return {
    announce: (total, count) => {
      assertBytes(total)
      assertEntries(count)
    },
    announceFile: (size) => assertBytes(bytes + size),
    addEntry: () => assertEntries((entries += 1)),
    addBytes: (count) => assertBytes((bytes += count)),
    bytes: () => bytes,
  }
}

function tooLarge(problem: string): AppError {
  return new AppError('archive-too-large', `the archive ${problem}`, {
    hint: 'free some space, or raise the limits in the configuration if the archive is honest',
  })
}
