import type { Reporter } from '../events/index.ts'
import type { Command, CommandValues, OptionSpecs } from './command.ts'
import type { Environment, OutputStream, Style } from './style.ts'

/** The outside world of a program; tests pass their own. */
export interface ProgramIo {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly environment: Environment
  /** Where signals and the end of the process are heard: `process`. */
  readonly signals: SignalSource
  /** Ends the process at once. */
  readonly exit: (status: number) => void
  /** Aborted when nobody reads standard output any more. */
  readonly unread: AbortSignal
}

export interface SignalSource {
  on(name: string, listener: () => void): unknown
  off(name: string, listener: () => void): unknown
}

/** What a program gives its commands to work with. */
export interface ProgramRun {
  readonly io: ProgramIo
  /** Values of the options that go with every command. */
  readonly globals: CommandValues
  readonly report: Reporter
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal
  /** Style of standard output. */
  readonly style: Style
}

/** A command line program: commands as values and what they share. */
export interface Program<Context> {
  readonly name: string
  readonly summary: string
  readonly version: string
  readonly commands: readonly Command<Context>[]
  /** Options of every command besides those of the output. */
  readonly globals: OptionSpecs<Context>
  /** What to type to finish work that was interrupted at once, as a sentence. */
  readonly resumeHint: string
  createContext(run: ProgramRun): Context
}

/** Options that `runProgram` itself understands. */
export const outputOptions = {
  json: { summary: 'print the result as one JSON object' },
  jsonEvents: { summary: 'print every event as a line of JSON, then the result' },
  noColor: { summary: 'print without colours (also: NO_COLOR=1)' },
  verbose: { summary: 'show more: output of all commands, stacks of errors' },
} as const satisfies OptionSpecs<unknown>

export interface OutputValues {
  readonly json: boolean
  readonly jsonEvents: boolean
  readonly noColor: boolean
  readonly verbose: boolean
}

/** Reads the output options off the values of all global options. */
export function outputValues(globals: CommandValues): OutputValues {
  return {
    json: globals['json'] === true,
    jsonEvents: globals['jsonEvents'] === true,
    noColor: globals['noColor'] === true,
    verbose: globals['verbose'] === true,
  }
}
