import { AppError } from '../../errors/index.ts'
import {
  acquireLock,
  descendants,
  lastHolder,
  makeDirectory,
  type FileLock,
} from '../../system/index.ts'
import type { Camus2 } from './camus2.ts'
import { ownPaths } from './deploys-directory.ts'
import { sweepLeftovers } from './sweep-leftovers.ts'

/** Milliseconds to wait for another command on the same deploysDir. */
const longestWait = 10 * 60 * 1000

/** Runs work while no other c2 changes anything in the same deploysDir. The kernel frees the lock of a killed c2. */
export async function runLocked<Result>(
  camus2: Camus2,
  purpose: string,
  work: (lock: FileLock) => Promise<Result>,
): Promise<Result> {
  const paths = ownPaths(camus2.config)
  makeDirectory(camus2.config.deploysDir)
  makeDirectory(paths.directory, 0o700)
  const lock = await waitForLock(camus2, paths.lock, purpose)
  try {
    sweepLeftovers(camus2.config)
    return await work(lock)
  } finally {
    lock.release()
  }
}

async function waitForLock(camus2: Camus2, path: string, purpose: string): Promise<FileLock> {
  const request = { purpose: `c2 ${purpose}`, clock: camus2.clock }
  try {
    return await acquireLock(path, request)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'locked') throw error
    refuseOwnChild(path, error)
    camus2.log.info(`Waiting: ${error.message}`)
    return await acquireLock(path, { ...request, wait: longestWait })
  }
}

/** A release's command that calls c2 would wait for itself for ever. */
function refuseOwnChild(path: string, locked: AppError): void {
  const holder = lastHolder(path)
  if (holder === undefined || !descendants(holder.process.pid).includes(process.pid)) return
  throw new AppError('locked', `c2 was called by a command that c2 runs: ${locked.message}`)
}
