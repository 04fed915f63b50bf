import { nearestName } from '../../../errors/index.ts'
import type { ArgumentSpec, Command, CommandInput, OptionSpec } from './command.ts'

/** What the words of a command line ask for. */
export type ParsedWords =
  | { readonly type: 'run'; readonly command: Command; readonly input: CommandInput }
  | { readonly type: 'help'; readonly command: Command | undefined }
  | { readonly type: 'wrong'; readonly command: Command | undefined; readonly problem: string }

/** Reads a command line. Options may stand between the arguments; `--` ends them. */
export function parseWords(words: readonly string[], commands: readonly Command[]): ParsedWords {
  const [name, ...rest] = words
  if (name === undefined) return wrong(undefined, 'Missing: COMMAND')
  if (isHelp(name)) return { type: 'help', command: undefined }
  const command = commands.find((candidate) => candidate.name === name)
  if (command === undefined) return wrong(undefined, unknownWord(name, commands))
  const options = new Map<string, string>()
  const values: string[] = []
  const pending = [...rest]
  let optionsEnded = false
  for (let word = pending.shift(); word !== undefined; word = pending.shift()) {
    if (optionsEnded || !/^-./.test(word)) values.push(word)
    else if (word === '--') optionsEnded = true
    else if (isHelp(word)) return { type: 'help', command }
    else {
      const problem = readOption(word, pending, { command, options })
      if (problem !== undefined) return wrong(command, problem)
    }
  }
  const problem = checkCount(values, command.arguments)
  if (problem !== undefined) return wrong(command, problem)
  return { type: 'run', command, input: { words: values, options } }
}

/** Reads one option, taking its value off the pending words; answers what is wrong with it. */
function readOption(
  word: string,
  pending: string[],
  into: { readonly command: Command; readonly options: Map<string, string> },
): string | undefined {
  const [, name = '', attached] = /^--([^=]*)(?:=([^]*))?$/.exec(word) ?? []
  const spec = into.command.options.find((candidate) => candidate.name === name)
  if (spec === undefined) return unknownOption(word, into.command.options)
  if (spec.value === undefined && attached !== undefined) return `Invalid option \`${word}'`
  const value = spec.value === undefined ? '' : (attached ?? pending.shift())
  if (value === undefined) return `The option \`--${name}' expects an argument.`
  if (spec.whole && !/^\d+$/.test(value)) return `option --${name}: cannot parse value \`${value}'`
  into.options.set(name, value)
  return undefined
}

function checkCount(values: readonly string[], specs: readonly ArgumentSpec[]): string | undefined {
  const extra = values[specs.length]
  if (extra !== undefined) return `Invalid argument \`${extra}'`
  const missing = specs.slice(values.length).filter((spec) => spec.optional !== true)
  return missing.length === 0 ? undefined : `Missing: ${missing.map((spec) => spec.name).join(' ')}`
}

function unknownWord(word: string, commands: readonly Command[]): string {
  return withNearest(`Invalid argument \`${word}'`, word, commands)
}

function unknownOption(word: string, options: readonly OptionSpec[]): string {
  const names = options.map(({ name }) => ({ name: `--${name}` }))
  return withNearest(`Invalid option \`${word}'`, word, names)
}

function withNearest(
  problem: string,
  word: string,
  known: readonly { readonly name: string }[],
): string {
  const nearest = nearestName(
    word,
    known.map(({ name }) => name),
  )
  return nearest === undefined ? problem : `${problem}\n\nDid you mean this?\n    ${nearest}`
}

function isHelp(word: string): boolean {
  return word === '--help' || word === '-h'
}

function wrong(command: Command | undefined, problem: string): ParsedWords {
  return { type: 'wrong', command, problem }
}
