import { closeSync, constants, openSync } from 'node:fs'

import { AppError } from '../../errors/index.ts'
import {
  childEnvironment,
  identify,
  isAlive,
  makeDirectory,
  scopePrefix,
  sluiceVersion,
  startDetached,
  withPath,
  type Clock,
  type ProcessIdentity,
} from '../../system/index.ts'
import { hookVariable } from '../hooks/start-runner.ts'
import { readTail } from './cap-log.ts'
import { askKeeper } from './ask-keeper.ts'
import { keeperDirectory, keeperLog } from './keeper-files.ts'
import type { KeeperStatus } from './keeper-protocol.ts'
import { serviceVariable } from './launch-service.ts'

/** Where a host's keeper lives, and how it is started there. */
export interface KeeperPlace {
  readonly runDir: string
  /** Starts a keeper of this run directory, such as `sluice host keep`. */
  readonly command: readonly string[]
  readonly clock: Clock
}

/** Milliseconds a keeper may take to answer after it was started. */
const patience = 15_000
const mostStarts = 8

/**
 * Returns when a keeper of our version answers, starting one when there is none. Several callers at once are
 * fine: the keepers they start settle by the kernel's lock which one stays.
 * @throws AppError `driver-unavailable` with the end of the keeper's log.
 */
export async function ensureKeeper(place: KeeperPlace): Promise<KeeperStatus> {
  const { clock, runDir } = place
  const deadline = clock.monotonic() + patience
  let started: ProcessIdentity | undefined
  let starts = 0
  while (clock.monotonic() < deadline) {
    const status = await ping(runDir)
    if (status?.version === sluiceVersion) return status
    // An older keeper makes room; ours adopts what it kept.
    if (status !== undefined) await askKeeper(runDir, { type: 'leave' })
    else if (started === undefined || !isAlive(started)) {
      if (starts === mostStarts) break
      // The first try at once; then the one that holds the lock may still be on its way out.
      await clock.sleep(50 * starts)
      started = startKeeper(place)
      starts += 1
    }
    await clock.sleep(10)
  }
  throw new AppError('driver-unavailable', `the keeper does not answer in ${runDir}`, {
    hint: `its log is ${keeperLog(runDir)}`,
    output: readTail(keeperLog(runDir), 2048),
  })
}

async function ping(runDir: string): Promise<KeeperStatus | undefined> {
  try {
    return await askKeeper(runDir, { type: 'ping' })
  } catch (error) {
    if (error instanceof AppError && error.retryable) return undefined
    throw error
  }
}

function startKeeper({ runDir, command }: KeeperPlace): ProcessIdentity | undefined {
  makeDirectory(runDir)
  makeDirectory(keeperDirectory(runDir), 0o700)
  const log = openLog(keeperLog(runDir))
  try {
    const child = startDetached([...scopePrefix('sluice keeper'), ...command], {
      cwd: '/',
      env: unmarked(childEnvironment()),
      stdout: log,
      stderr: log,
    })
    child.once('error', () => undefined)
    return child.pid === undefined ? undefined : identify(child.pid)
  } finally {
    closeSync(log)
  }
}

/** A keeper that a hook or a deploy started must not be taken for a part of it. */
function unmarked(environment: Record<string, string>): Record<string, string> {
  const marks: string[] = [hookVariable, serviceVariable]
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !marks.includes(name)))
}

function openLog(path: string): number {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW
  return withPath(path, () => openSync(path, flags, 0o600))
}
