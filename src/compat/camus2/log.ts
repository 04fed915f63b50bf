import { openSync, writeSync } from 'node:fs'

import { withPath, type Clock } from '../../system/index.ts'
import { safeText } from '../../terminal/index.ts'

/**
 * Camus2's log: one line `<UTC time> <dots><text>`, a dot for each level of nesting. Control characters in it are made
 * visible.
 */
export interface Log {
  info(text: string): void
  /** Logs a line and answers a log whose lines are one level deeper. */
  scope(text: string): Log
}

export type LineSink = (line: string) => void

export function createLog(clock: Clock, sinks: readonly LineSink[], depth = 0): Log {
  const info = (text: string): void => {
    const line = `${logTime(clock.now())} ${'.'.repeat(depth)}${safeText(text)}\n`
    for (const sink of sinks) sink(line)
  }
  return {
    info,
    scope: (text) => {
      info(text)
      return createLog(clock, sinks, depth + 1)
    },
  }
}

/** Opens the log file for appending; its directory must exist. @throws AppError `io-failed`. */
export function openLogFile(path: string): LineSink {
  const descriptor = withPath(path, () => openSync(path, 'a', 0o644))
  return (line) => withPath(path, () => writeSync(descriptor, line))
}

/** UTC without a zone; the fraction has no trailing zeros and is left out when it is zero. */
export function logTime(milliseconds: number): string {
  return new Date(milliseconds)
    .toISOString()
    .replace('Z', '')
    .replace(/\.?0*$/, '')
}
