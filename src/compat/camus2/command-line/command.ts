import type { Camus2, Camus2Io } from '../camus2.ts'

/** A word of the command line, by what may stand there; completion offers candidates of that kind. */
export interface ArgumentSpec {
  readonly name: string
  readonly kind: 'release' | 'deploy' | 'endpoint' | 'directory' | 'file' | 'text'
  readonly optional?: boolean
}

export interface OptionSpec {
  /** Without the dashes. */
  readonly name: string
  readonly summary: string
  /** Name of its value; without one the option is a switch. */
  readonly value?: string
  /** Whether the value must be a whole number. */
  readonly whole?: boolean
}

interface CommandWords {
  readonly name: string
  readonly summary: string
  readonly arguments: readonly ArgumentSpec[]
  readonly options: readonly OptionSpec[]
}

/** What was typed after a command's name. */
export interface CommandInput {
  readonly words: readonly string[]
  /** Switches are there when given; values are their text. */
  readonly options: ReadonlyMap<string, string>
}

/**
 * A command of c2 as a value. `plain` ones need no configuration; of the others `logged` ones write their log lines to
 * the log file too.
 */
export type Command = CommandWords &
  (
    | { readonly kind: 'plain'; run(io: Camus2Io, input: CommandInput): Promise<void> }
    | {
        readonly kind: 'configured' | 'logged'
        run(camus2: Camus2, input: CommandInput): Promise<void>
      }
  )
