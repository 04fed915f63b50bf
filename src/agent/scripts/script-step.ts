import type { AppError } from '../../errors/index.ts'

/** One step of a build script, whatever it was written in. */
export interface ScriptStep {
  /** What reports call it. */
  readonly name: string
  readonly action: ShellAction | DownloadAction
  /** Directory of the commands, and what a relative `dest` is relative to; that of this process unless given. */
  readonly cwd?: string
  /** Variables beside the environment that every step gets. */
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds for the whole step; no limit unless given. */
  readonly timeout?: number
}

/** Lines that a shell runs one by one: no line knows a variable or a directory of another. */
export interface ShellAction {
  readonly kind: 'shell'
  readonly lines: readonly string[]
}

/** Has the server fetch a file and takes it from there. */
export interface DownloadAction {
  readonly kind: 'download'
  readonly source: FileSourceKind
  readonly url: string
  /** Path of the file. */
  readonly dest: string
  /** Whether what the server already has will do, however old. */
  readonly cache: boolean
}

export type FileSourceKind = 'web' | 's3'

/** How a line of a shell step ended. */
export interface LineEnd {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly timedOut: boolean
}

/** What is told while a script runs. Steps are numbered from 1. */
export type ScriptEvent =
  | { readonly type: 'script-step-started'; readonly number: number; readonly name: string }
  | { readonly type: 'script-output'; readonly number: number; readonly text: string }
  | {
      readonly type: 'script-line-ended'
      readonly number: number
      readonly command: string
      /** Standard output and error as they came, the last 64 KiB. */
      readonly output: string
      readonly end: LineEnd
    }
  | {
      readonly type: 'script-step-ended'
      readonly number: number
      readonly name: string
      readonly milliseconds: number
      /** Absent when the step succeeded. */
      readonly error?: AppError
    }

export type ScriptReporter = (event: ScriptEvent) => void

export interface ScriptOutcome {
  /** How many steps succeeded. */
  readonly succeeded: number
  /** Why the script stopped; absent when all of its steps succeeded. */
  readonly error?: AppError
}
