import type { Clock } from '../../system/index.ts'
import { safeJson } from '../../terminal/index.ts'

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** Prostagma's log: one JSON object a line, `level`, `ts`, `caller`, `msg`, then the fields. */
export interface Log {
  info(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** The last line of a program that cannot go on. */
  fatal(message: string, fields?: LogFields): void
}

export interface LogOptions {
  readonly clock: Clock
  readonly write: (line: string) => void
  /** Which part speaks. */
  readonly caller: string
  /** Never written, whatever it is part of. */
  readonly secret: string
}

const mask = '[redacted]'
/** A shorter one would blot out ordinary words; it is no secret either. */
const shortestSecret = 4

export function createLog({ clock, write, caller, secret }: LogOptions): Log {
  const hide = (text: string): string =>
    secret.length < shortestSecret ? text : text.replaceAll(secret, mask)
  const line =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      const shown = Object.entries(fields).map(([name, value]) => [
        name,
        typeof value === 'string' ? hide(value) : value,
      ])
      const record = { level, ts: clock.now() / 1000, caller, msg: message }
      write(`${safeJson({ ...record, ...Object.fromEntries(shown) })}\n`)
    }
  return { info: line('info'), error: line('error'), fatal: line('fatal') }
}
