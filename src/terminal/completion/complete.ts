import type { ArgumentSpec, Command, OptionSpec } from '../command.ts'
import { flagOf } from '../flags.ts'
import { outputOptions, type Program } from '../program.ts'

export interface Candidate {
  readonly name: string
  readonly summary?: string
}

/** What may stand where the cursor is; `files` means that the shell should offer file names. */
export type Completion =
  | { readonly type: 'names'; readonly names: readonly Candidate[] }
  | { readonly type: 'files' }

type Options<Context> = Readonly<Record<string, OptionSpec<Context>>>

/** Where in the grammar the words before the cursor lead. */
interface Position<Context> {
  readonly command: Command<Context> | undefined
  /** Words of the command's name so far. */
  readonly path: readonly string[]
  /** Arguments given so far. */
  readonly positionals: number
  /** The option whose value comes next. */
  readonly pending: OptionSpec<Context> | undefined
  readonly given: readonly string[]
  /** After `--` every word is an argument. */
  readonly onlyArguments: boolean
}

const none: Completion = { type: 'names', names: [] }

/** Completes the last of the words, which may be empty; the program's own name is not among them. */
export async function complete<Context>(
  program: Program<Context>,
  words: readonly string[],
  context: Context,
): Promise<Completion> {
  const current = words.at(-1) ?? ''
  let position: Position<Context> = startPosition
  for (const word of words.slice(0, -1)) position = step(program, position, word)
  const completion = await completeAt({ program, position, context }, current)
  if (completion.type === 'files') return completion
  return { type: 'names', names: completion.names.filter(({ name }) => name.startsWith(current)) }
}

const startPosition = {
  command: undefined,
  path: [],
  positionals: 0,
  pending: undefined,
  given: [],
  onlyArguments: false,
} as const

interface Asked<Context> {
  readonly program: Program<Context>
  readonly position: Position<Context>
  readonly context: Context
}

async function completeAt<Context>(asked: Asked<Context>, current: string): Promise<Completion> {
  const { position, context } = asked
  if (position.pending !== undefined) return await completeWord(position.pending, context)
  if (!position.onlyArguments && current.startsWith('-')) {
    const [flag, value] = splitFlag(current)
    return value === undefined
      ? { type: 'names', names: optionNames(asked) }
      : await completeAttached(asked, flag)
  }
  if (position.command === undefined) return { type: 'names', names: commandNames(asked) }
  const argument = argumentAt(position.command, position.positionals)
  return argument === undefined ? none : await completeWord(argument, context)
}

/** `--label=sh` is completed to whole words such as `--label=shop-2`. */
async function completeAttached<Context>(asked: Asked<Context>, flag: string): Promise<Completion> {
  const spec = findOption(optionsAt(asked.program, asked.position), flag)
  if (spec === undefined) return none
  const values = await completeWord(spec, asked.context)
  if (values.type === 'files') return values
  return { type: 'names', names: values.names.map(({ name }) => ({ name: `${flag}=${name}` })) }
}

async function completeWord<Context>(
  spec: ArgumentSpec<Context> | OptionSpec<Context>,
  context: Context,
): Promise<Completion> {
  if (spec.choices !== undefined) return named(spec.choices)
  if (spec.complete === 'files') return { type: 'files' }
  return spec.complete === undefined ? none : named(await spec.complete(context))
}

function step<Context>(
  program: Program<Context>,
  position: Position<Context>,
  word: string,
): Position<Context> {
  if (position.pending !== undefined) return { ...position, pending: undefined }
  if (position.onlyArguments) return { ...position, positionals: position.positionals + 1 }
  if (word === '--') return { ...position, onlyArguments: true }
  if (word.startsWith('-') && word !== '-') {
    const [flag, value] = splitFlag(word)
    const spec = findOption(optionsAt(program, position), flag)
    const takesNext = spec?.value !== undefined && value === undefined
    return {
      ...position,
      given: [...position.given, flag],
      pending: takesNext ? spec : undefined,
    }
  }
  if (position.command !== undefined) return { ...position, positionals: position.positionals + 1 }
  const path = [...position.path, word]
  const command = program.commands.find((candidate) => candidate.name === path.join(' '))
  return { ...position, path, command }
}

function optionsAt<Context>(
  program: Program<Context>,
  { command }: Position<Context>,
): Options<Context> {
  return { ...command?.options, ...program.globals, ...outputOptions }
}

function optionNames<Context>({ program, position }: Asked<Context>): Candidate[] {
  const options = Object.entries(optionsAt(program, position))
  const offered = options
    .map(([name, spec]) => ({ name: flagOf(name), summary: spec.summary, spec }))
    .filter(({ name, spec }) => spec.repeatable === true || !position.given.includes(name))
    .map(({ name, summary }) => ({ name, summary }))
  return [...offered, { name: '--help', summary: 'show help' }]
}

function commandNames<Context>({ program, position }: Asked<Context>): Candidate[] {
  const helping = position.path[0] === 'help'
  const path = helping ? position.path.slice(1) : position.path
  const found = new Map<string, Candidate>()
  for (const { name, summary, hidden } of program.commands) {
    const words = name.split(' ')
    const next = words[path.length]
    if (hidden === true || next === undefined) continue
    if (path.every((word, index) => words[index] === word)) {
      found.set(next, { name: next, summary })
    }
  }
  if (!helping && path.length === 0) found.set('help', { name: 'help', summary: 'show help' })
  return [...found.values()]
}

function argumentAt<Context>(
  command: Command<Context>,
  index: number,
): ArgumentSpec<Context> | undefined {
  const specs = Object.values(command.arguments)
  const last = specs.at(-1)
  return specs[index] ?? (last?.variadic === true ? last : undefined)
}

function findOption<Context>(
  options: Options<Context>,
  flag: string,
): OptionSpec<Context> | undefined {
  return Object.entries(options).find(
    ([name, spec]) =>
      flagOf(name) === flag || (spec.short !== undefined && `-${spec.short}` === flag),
  )?.[1]
}

function splitFlag(word: string): [flag: string, value?: string] {
  const at = word.startsWith('--') ? word.indexOf('=') : -1
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)]
}

function named(names: readonly string[]): Completion {
  return { type: 'names', names: names.map((name) => ({ name })) }
}
