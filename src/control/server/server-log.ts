import { toAppError } from '../../errors/index.ts'
import type { Clock } from '../../system/index.ts'

export type LogFacts = Readonly<Record<string, string | number | boolean | undefined>>

/** Structured log: one JSON object a line, in which no value can begin another line. */
export interface ServerLog {
  info(message: string, facts?: LogFacts): void
  error(message: string, facts?: LogFacts): void
}

export function openServerLog(write: (line: string) => void, clock: Clock): ServerLog {
  const line = (level: string, message: string, facts: LogFacts = {}): void => {
    const time = new Date(clock.now()).toISOString()
    write(`${JSON.stringify({ time, level, message, ...facts })}\n`)
  }
  return {
    info: (message, facts) => line('info', message, facts),
    error: (message, facts) => line('error', message, facts),
  }
}

/** An error that is ours: with its stack. */
export function logBug(log: ServerLog, thrown: unknown): void {
  const { code, message, stack } = toAppError(thrown)
  log.error('failed', { code, problem: message, ...(stack === undefined ? {} : { stack }) })
}
