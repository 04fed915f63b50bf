import { constants as osConstants } from 'node:os'
import { join } from 'node:path'

import { errnoOf } from '../../errors/index.ts'
import {
  bootId,
  isAlive,
  readIfPresent,
  replaceFile,
  type ProcessIdentity,
} from '../../system/index.ts'
import { linkSync, unlinkSync } from 'node:fs'

/** What `begun` holds: written durably before the runner is started. */
export interface HookAttempt {
  /** 1 for the first start; grows only when an earlier one certainly did nothing, or may be repeated. */
  readonly number: number
  readonly bootId: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** Where in the output file its output begins. */
  readonly outputFrom: number
}

/** What the files of a hook's directory say. */
export type HookState =
  | { readonly state: 'fresh' }
  | { readonly state: 'running'; readonly attempt: HookAttempt; readonly runner: ProcessIdentity }
  | { readonly state: 'ended'; readonly attempt: HookAttempt; readonly status: number }
  /** We ended it (time-out, abort) and killed its runner with it. */
  | { readonly state: 'killed'; readonly attempt: HookAttempt }
  /** Nobody has claimed the attempt: the runner was not started, or has not come that far. */
  | { readonly state: 'unclaimed'; readonly attempt: HookAttempt }
  /** It ran, and nothing tells how it ended. */
  | { readonly state: 'lost'; readonly attempt: HookAttempt }

export function readHookState(directory: string): HookState {
  const attempt = readAttempt(directory)
  if (attempt === undefined) return { state: 'fresh' }
  const runner = readRunner(directory, attempt)
  if (runner !== undefined && isAlive(runner)) return { state: 'running', attempt, runner }
  // Only now: the status of a runner that is no longer alive cannot appear later.
  const status = readStatus(directory, attempt)
  if (status !== undefined) return { state: 'ended', attempt, status }
  if (readStop(directory, attempt) !== undefined) return { state: 'killed', attempt }
  // After a crash of the machine a missing claim proves nothing: it may not have reached the disk.
  const claimable = runner === undefined && attempt.bootId === bootId()
  return { state: claimable ? 'unclaimed' : 'lost', attempt }
}

/** Notes durably that an attempt is about to be started. */
export function beginAttempt(directory: string, attempt: HookAttempt): void {
  replaceFile(join(directory, 'begun'), JSON.stringify(attempt))
}

/**
 * Takes the place of an attempt's runner, so that it does nothing if it still comes.
 * False when the runner was first.
 */
export function voidAttempt(directory: string, attempt: HookAttempt): boolean {
  const candidate = hookFile(directory, attempt, 'void')
  replaceFile(candidate, 'void\n')
  try {
    linkSync(candidate, hookFile(directory, attempt, 'pid'))
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  } finally {
    unlinkSync(candidate)
  }
}

/** Why we ended a hook, noted durably before the first signal. */
export type StopReason = 'time-out' | 'abort'

export function noteStop(directory: string, attempt: HookAttempt, reason: StopReason): void {
  replaceFile(hookFile(directory, attempt, 'stopped'), reason)
}

export function readStop(directory: string, attempt: HookAttempt): StopReason | undefined {
  const text = readIfPresent(hookFile(directory, attempt, 'stopped'))?.toString('utf8')
  return text === undefined ? undefined : (text as StopReason)
}

/** The shell's `$?` as status or signal: 128 + n is how it tells that signal n ended the command. */
export function readShellStatus(status: number): { status: number | null; signal: string | null } {
  const number = status - 128
  const found = Object.entries(osConstants.signals).find(([, value]) => value === number)
  return found === undefined ? { status, signal: null } : { status: null, signal: found[0] }
}

function hookFile(directory: string, attempt: HookAttempt, kind: string): string {
  return join(directory, `${attempt.number}.${kind}`)
}

function readAttempt(directory: string): HookAttempt | undefined {
  const text = readIfPresent(join(directory, 'begun'))?.toString('utf8')
  return text === undefined ? undefined : (JSON.parse(text) as HookAttempt)
}

/** A crash of the machine may leave the file empty: that says nothing. */
function readStatus(directory: string, attempt: HookAttempt): number | undefined {
  const text =
    readIfPresent(hookFile(directory, attempt, 'status'))
      ?.toString('utf8')
      .trim() ?? ''
  return /^\d+$/.test(text) ? Number(text) : undefined
}

/** The pid file holds the boot id and the runner's line of /proc/PID/stat. */
function readRunner(directory: string, attempt: HookAttempt): ProcessIdentity | undefined {
  const text = readIfPresent(hookFile(directory, attempt, 'pid'))?.toString('utf8')
  if (text === undefined) return undefined
  const [boot = '', pid = ''] = text.split(' ', 2)
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { bootId: boot, pid: Number(pid), startTime: fields[19] ?? '' }
}
