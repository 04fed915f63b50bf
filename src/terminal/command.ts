import { safeCopy } from './safe-text.ts'
import type { Style } from './style.ts'

/** Live names for a word, asked for by the shell. Must not take a lock; what it throws means no names. */
export type Completer<Context> = (context: Context) => Promise<readonly string[]>

interface WordSpec<Context> {
  readonly summary: string
  readonly choices?: readonly string[]
  readonly complete?: Completer<Context> | 'files'
}

export interface ArgumentSpec<Context> extends WordSpec<Context> {
  readonly optional?: boolean
  /** Takes all remaining words; only for the last argument. */
  readonly variadic?: boolean
}

export interface OptionSpec<Context> extends WordSpec<Context> {
  /** One letter. */
  readonly short?: string
  /** Name of the value in help, such as `LABEL`; without it the option is a switch. */
  readonly value?: string
  readonly repeatable?: boolean
  /** Reads the value. @throws AppError `usage` with the wrong value in it. */
  readonly parse?: (text: string) => unknown
}

/** Argument name → specification, in the order of the command line. */
export type ArgumentSpecs<Context> = Readonly<Record<string, ArgumentSpec<Context>>>

/** Option name in camel case (`dryRun` is typed `--dry-run`, `noProbe` is `--no-probe`) → specification. */
export type OptionSpecs<Context> = Readonly<Record<string, OptionSpec<Context>>>

export interface Example {
  readonly line: string
  readonly meaning: string
}

/** What a command answers: data for `--json`, and how a person reads it. */
export interface CommandResult {
  readonly value: unknown
  /** The text for a person, from data whose strings were made safe to show; may end without a newline. */
  readonly text: (style: Style) => string
  /** 0 unless given. */
  readonly exitCode?: number
}

interface CommandWords<Context> {
  /** Words as typed: `deploy`, or `host keep`. */
  readonly name: string
  /** Heading under which help lists it. */
  readonly group: string
  /** One line without a full stop. */
  readonly summary: string
  readonly description?: string
  readonly arguments: ArgumentSpecs<Context>
  readonly options: OptionSpecs<Context>
  readonly examples: readonly Example[]
  /** Left out of help, completion and the reference. */
  readonly hidden?: boolean
  /** It listens to signals itself; otherwise the first one aborts and the second one ends the program. */
  readonly ownSignals?: boolean
}

/** A command as a value: parsing, help, completion and the reference are all made from it. */
export interface Command<Context> extends CommandWords<Context> {
  /** Answers undefined when it has written its output itself. */
  run(context: Context, values: CommandValues): Promise<CommandResult | undefined>
}

export type CommandValues = Readonly<Record<string, unknown>>

type ArgumentValue<Spec> = Spec extends { variadic: true }
  ? readonly string[]
  : Spec extends { optional: true }
    ? WordOf<Spec> | undefined
    : WordOf<Spec>

/** One of the choices where there are some, else any word. */
type WordOf<Spec> = Spec extends { choices: readonly (infer Choice)[] } ? Choice : string

type OptionValue<Spec> = Spec extends { repeatable: true }
  ? readonly string[] | undefined
  : Spec extends { parse: (text: string) => infer Value }
    ? Value | undefined
    : Spec extends { value: string }
      ? WordOf<Spec> | undefined
      : boolean

/** The values a command's `run` gets, by the names of its specifications. */
export type ValuesOf<Arguments, Options> = {
  readonly [Name in keyof Arguments]: ArgumentValue<Arguments[Name]>
} & { readonly [Name in keyof Options]: OptionValue<Options[Name]> }

export interface CommandDefinition<Context, Arguments, Options> extends CommandWords<Context> {
  readonly arguments: Arguments & ArgumentSpecs<Context>
  readonly options: Options & OptionSpecs<Context>
  run(context: Context, values: ValuesOf<Arguments, Options>): Promise<CommandResult | undefined>
}

/** Makes the function that defines commands of one program, with the values of `run` typed by the specifications. */
export function commandDefiner<Context>() {
  return <const Arguments, const Options>(
    definition: CommandDefinition<Context, Arguments, Options>,
  ): Command<Context> => definition
}

/** A result whose text is made from a copy of the data that is safe to show. */
export function result<Value>(
  value: Value,
  render: (value: Value, style: Style) => string,
  exitCode = 0,
): CommandResult {
  return { value, text: (style) => render(safeCopy(value), style), exitCode }
}
