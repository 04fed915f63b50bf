import { Argument, Command as Parser, CommanderError, Option } from 'commander'

import { AppError } from '../errors/index.ts'
import type { ArgumentSpec, Command, CommandValues, OptionSpec } from './command.ts'
import { flagOf } from './flags.ts'
import { commandHelp, programHelp, styleHelp } from './help.ts'
import { outputOptions, type Program } from './program.ts'
import type { Style } from './style.ts'

/** What a command line asks for. */
export type Parsed<Context> =
  | {
      readonly type: 'command'
      readonly command: Command<Context>
      readonly values: CommandValues
      readonly globals: CommandValues
    }
  /** Help or the version. */
  | { readonly type: 'text'; readonly text: string; readonly asked: boolean }

interface Capture<Context> {
  text: string
  parsed: Parsed<Context> | undefined
}

/**
 * Reads a command line.
 * @throws AppError `usage`; its hint has the nearest names.
 */
export function parseCommandLine<Context>(
  program: Program<Context>,
  argv: readonly string[],
  style: Style,
): Parsed<Context> {
  const capture: Capture<Context> = { text: '', parsed: undefined }
  const parser = buildParser(program, capture, style)
  try {
    parser.parse([...argv], { from: 'user' })
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown
    const asked = thrown.exitCode === 0
    if (asked || thrown.code === 'commander.help')
      return { type: 'text', text: capture.text, asked }
    throw usageError(program, thrown)
  }
  if (capture.parsed === undefined) throw new AppError('bug', 'no command was chosen')
  return capture.parsed
}

function usageError<Context>(program: Program<Context>, thrown: CommanderError): AppError {
  const [message = '', ...suggestion] = thrown.message.replace(/^error: /, '').split('\n')
  const nearest = suggestion.join(' ').replace(/^\((.*)\)$/, '$1')
  const hint = `See \`${program.name} --help\``
  return new AppError('usage', message, { hint: nearest === '' ? hint : `${nearest} ${hint}` })
}

function buildParser<Context>(
  program: Program<Context>,
  capture: Capture<Context>,
  style: Style,
): Parser {
  const root = new Parser(program.name)
    .description(program.summary)
    .version(program.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => (capture.text += text),
      writeErr: (text) => (capture.text += text),
      getOutHelpWidth: () => style.width ?? 80,
      getErrHelpWidth: () => style.width ?? 80,
      getOutHasColors: () => style.color.isColorSupported,
      getErrHasColors: () => style.color.isColorSupported,
    })
    .configureHelp(styleHelp(style))
    .addHelpText('after', () => programHelp(program, style))
    .commandsGroup('Help:')
    .optionsGroup('Options of every command:')
  addOptions(root, { ...program.globals, ...outputOptions })
  for (const command of program.commands) addCommand(root, { program, command, capture, style })
  return root
}

interface Addition<Context> {
  readonly program: Program<Context>
  readonly command: Command<Context>
  readonly capture: Capture<Context>
  readonly style: Style
}

function addCommand<Context>(root: Parser, addition: Addition<Context>): void {
  const { program, command, capture, style } = addition
  const words = command.name.split(' ')
  const parent = words.slice(0, -1).reduce(findOrAddParent, root)
  const parser = parent
    .command(words.at(-1) ?? '', { hidden: command.hidden === true })
    .summary(command.summary)
    .description(command.description ?? command.summary)
    .helpGroup(`${command.group}:`)
    .addHelpText('after', () => commandHelp(program.name, command.examples, style))
  for (const [name, spec] of Object.entries(command.arguments)) {
    parser.addArgument(argumentOf(name, spec))
  }
  addOptions(parser, command.options)
  parser.action(() => {
    capture.parsed = {
      type: 'command',
      command,
      values: {
        ...argumentValues(command, parser.processedArgs),
        ...optionValues(command.options, parser),
      },
      globals: optionValues({ ...program.globals, ...outputOptions }, root),
    }
  })
}

/** The parser of the first words of a command such as `host keep`; hidden, because help lists whole commands. */
function findOrAddParent(parent: Parser, word: string): Parser {
  const existing = parent.commands.find((candidate) => candidate.name() === word)
  return existing ?? parent.command(word, { hidden: true })
}

function argumentOf<Context>(name: string, spec: ArgumentSpec<Context>): Argument {
  const dots = spec.variadic === true ? '...' : ''
  const form = spec.optional === true ? `[${name}${dots}]` : `<${name}${dots}>`
  const argument = new Argument(form, spec.summary)
  return spec.choices === undefined ? argument : argument.choices(spec.choices)
}

function addOptions<Context>(
  parser: Parser,
  specs: Readonly<Record<string, OptionSpec<Context>>>,
): void {
  for (const [name, spec] of Object.entries(specs)) {
    const short = spec.short === undefined ? '' : `-${spec.short}, `
    const value = spec.value === undefined ? '' : ` <${spec.value}>`
    const option = new Option(`${short}${flagOf(name)}${value}`, spec.summary)
    if (spec.choices !== undefined) option.choices(spec.choices)
    if (spec.repeatable === true) option.argParser(collect)
    else if (spec.parse !== undefined) option.argParser(spec.parse)
    parser.addOption(option)
  }
}

function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value]
}

function argumentValues<Context>(
  command: Command<Context>,
  processed: readonly unknown[],
): CommandValues {
  const names = Object.keys(command.arguments)
  return Object.fromEntries(names.map((name, index) => [name, processed[index]]))
}

function optionValues<Context>(
  specs: Readonly<Record<string, OptionSpec<Context>>>,
  parser: Parser,
): CommandValues {
  const given = givenOptions(parser)
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [name, optionValue(name, spec, given)]),
  )
}

/** Of two commands such as `audit` and `audit verify` Commander gives the first one the options that both have. */
function givenOptions(parser: Parser): Readonly<Record<string, unknown>> {
  const outer = parser.parent === null ? {} : givenOptions(parser.parent)
  return { ...outer, ...parser.opts<Record<string, unknown>>() }
}

/** Commander keeps `--no-color` as `color: false`; our name for it is `noColor: true`. */
function optionValue<Context>(
  name: string,
  spec: OptionSpec<Context>,
  given: Readonly<Record<string, unknown>>,
): unknown {
  const positive = /^no([A-Z].*)$/.exec(name)?.[1]
  if (positive !== undefined) {
    return given[positive.charAt(0).toLowerCase() + positive.slice(1)] === false
  }
  return spec.value === undefined ? given[name] === true : given[name]
}
