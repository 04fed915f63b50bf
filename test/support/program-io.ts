import { EventEmitter } from 'node:events'

import type { ProgramIo } from '../../src/terminal/index.ts'

/** The outside world of a program run inside a test: what it wrote, and a way to send it signals. */
export interface RecordedIo {
  readonly io: ProgramIo
  readonly stdout: () => string
  readonly stderr: () => string
  readonly signals: EventEmitter
  /** Statuses that the program wanted to end at once with. */
  readonly exits: number[]
}

export interface RecordedIoOptions {
  readonly environment?: Readonly<Record<string, string>>
  /** Cells of a terminal; no terminal unless given. */
  readonly columns?: number
  readonly rows?: number
  /** Called with every piece written to standard error. */
  readonly onStderr?: (text: string) => void
}

export function recordedIo(options: RecordedIoOptions = {}): RecordedIo {
  const stdout: string[] = []
  const stderr: string[] = []
  const signals = new EventEmitter()
  const exits: number[] = []
  const size =
    options.columns === undefined
      ? {}
      : { isTTY: true, columns: options.columns, rows: options.rows ?? 24 }
  const io: ProgramIo = {
    stdout: { write: (text) => stdout.push(text), ...size },
    stderr: {
      write: (text) => {
        stderr.push(text)
        options.onStderr?.(text)
      },
      ...size,
    },
    environment: { ...options.environment },
    signals,
    exit: (status) => void exits.push(status),
    unread: new AbortController().signal,
  }
  return { io, stdout: () => stdout.join(''), stderr: () => stderr.join(''), signals, exits }
}
