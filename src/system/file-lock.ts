import { closeSync, constants, openSync } from 'node:fs'

import { AppError } from '../errors/index.ts'
import { readIfPresent, replaceFile, withPath } from './atomic-file.ts'
import type { Clock } from './clock.ts'
import { identify, type ProcessIdentity } from './processes.ts'
import { runSync } from './run-command.ts'
import { accountName } from './users.ts'

/** Who holds a lock, for the person who has to wait. */
export interface LockHolder {
  /** Greater than that of every earlier holder. */
  readonly fence: number
  readonly process: ProcessIdentity
  readonly user: string
  /** What for, such as `deploy shop 1.4.2`. */
  readonly purpose: string
  /** Milliseconds since 1970. */
  readonly since: number
}

export interface FileLock {
  /** Greater than that of every earlier holder; writes carry it, so a late holder is refused. */
  readonly fence: number
  release(): void
}

export interface LockRequest {
  readonly purpose: string
  readonly clock: Clock
  /** Milliseconds to wait for the present holder; 0 fails at once. */
  readonly wait?: number
  readonly signal?: AbortSignal
}

/**
 * Takes the kernel's lock on `path` (flock(1) on a descriptor that we keep, so it dies with this process) and
 * a new fencing number. `<path>.holder` keeps the number and tells others who has the lock.
 * @throws AppError `locked`, naming the holder.
 */
export async function acquireLock(path: string, request: LockRequest): Promise<FileLock> {
  const deadline = request.clock.monotonic() + (request.wait ?? 0)
  const descriptor = withPath(path, () =>
    openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600),
  )
  try {
    while (!tryLock(descriptor)) {
      if (request.clock.monotonic() >= deadline) throw lockedError(path)
      await request.clock.sleep(100, request.signal)
    }
    return describeLock(path, descriptor, request)
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/** The fencing number last given out for a lock; 0 before the first. */
export function currentFence(path: string): number {
  return lastHolder(path)?.fence ?? 0
}

/** Who took the lock last; they hold it still if their process is alive. */
export function lastHolder(path: string): LockHolder | undefined {
  const text = readIfPresent(`${path}.holder`)?.toString('utf8')
  return text === undefined ? undefined : (JSON.parse(text) as LockHolder)
}

/** @throws AppError `fenced` when somebody has taken the lock since `fence` was given out. */
export function assertFence(path: string, fence: number): void {
  const current = currentFence(path)
  if (current === fence) return
  throw new AppError(
    'fenced',
    `${path} was taken over: our number is ${fence}, the current one ${current}`,
    {
      hint: 'a later command works on this app; look at `sluice status`',
    },
  )
}

function tryLock(descriptor: number): boolean {
  // flock(1) locks the open file description, which we share with it and keep when it ends.
  const result = runSync(['flock', '--nonblock', '3'], [descriptor])
  if (result.error !== undefined) {
    throw new AppError('driver-unavailable', 'flock(1) of util-linux could not be started', {
      cause: result.error,
    })
  }
  return result.status === 0
}

function describeLock(path: string, descriptor: number, request: LockRequest): FileLock {
  const fence = currentFence(path) + 1
  const holder: LockHolder = {
    fence,
    process: identify(process.pid) ?? { bootId: '', pid: process.pid, startTime: '' },
    user: accountName(),
    purpose: request.purpose,
    since: request.clock.now(),
  }
  replaceFile(`${path}.holder`, JSON.stringify(holder))
  return { fence, release: () => closeSync(descriptor) }
}

function lockedError(path: string): AppError {
  const holder = lastHolder(path)
  if (holder === undefined) return new AppError('locked', `${path} is locked`, { retryable: true })
  const since = new Date(holder.since).toISOString()
  return new AppError(
    'locked',
    `locked by ${holder.user} (process ${holder.process.pid}) since ${since} for: ${holder.purpose}`,
    { hint: 'wait for it, or give --wait SECONDS', retryable: true },
  )
}
