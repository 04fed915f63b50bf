import type { Command, OptionSpec } from './command.ts'
import { exitMeanings } from './exit-codes.ts'
import { flagOf } from './flags.ts'
import { outputOptions, type Program } from './program.ts'

/** The reference of a program's commands in Markdown, made from their values. */
export function programReference<Context>(program: Program<Context>): string {
  const visible = program.commands.filter(({ hidden }) => hidden !== true)
  const groups = [...new Set(visible.map(({ group }) => group))]
  const globals = { ...program.globals, ...outputOptions }
  return [
    `# ${program.name}: commands`,
    '<!-- Made by scripts/generate-docs.ts from the command values; edit those. -->',
    `${program.summary}.`,
    'Results go to standard output, progress and errors to standard error. How a command ends is told by its [exit status](use/exit-codes.md).',
    '## Options of every command',
    optionLines(globals),
    ...groups.flatMap((group) => [
      `## ${group}`,
      ...visible
        .filter((command) => command.group === group)
        .map((command) => commandSection(program.name, command)),
    ]),
    '',
  ].join('\n\n')
}

/** The table of exit statuses in Markdown. */
export function exitCodeReference(): string {
  const rows = exitMeanings.map(
    ({ status, name, meaning }) => `| ${status} | ${name} | ${meaning} |`,
  )
  return [
    '# Exit statuses',
    '',
    '<!-- Made by scripts/generate-docs.ts from src/terminal/exit-codes.ts; edit that. -->',
    '',
    'They are stable: a script may depend on them. Which error code leads to which status stands in [errors](../errors.md).',
    '',
    '| status | name | meaning |',
    '|---|---|---|',
    ...rows,
    '',
    'With `--json` a failure is printed as `{"error": {"code", "kind", "message", "hint", "output", "exitCode"}}` on standard output; a deployment',
    'that was begun and failed prints its record instead, with `outcome` and `error` in it.',
    '',
  ].join('\n')
}

/** `deploy [options] <release>`: how a command is typed. */
function usageOf<Context>(command: Command<Context>): string {
  const words = Object.entries(command.arguments).map(([name, spec]) => {
    const dots = spec.variadic === true ? '...' : ''
    return spec.optional === true ? `[${name}${dots}]` : `<${name}${dots}>`
  })
  const options = Object.keys(command.options).length === 0 ? [] : ['[options]']
  return [command.name, ...options, ...words].join(' ')
}

function commandSection<Context>(program: string, command: Command<Context>): string {
  const words = Object.entries(command.arguments).map(
    ([name, spec]) => `- \`${name}\`: ${spec.summary}${choicesOf(spec.choices)}`,
  )
  const details = [...words, optionLines(command.options)].filter((line) => line !== '')
  const examples = command.examples.map(({ line, meaning }) => `# ${meaning}\n${program} ${line}`)
  return [
    `### ${program} ${command.name}`,
    `${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`,
    ...(command.description === undefined ? [] : [command.description]),
    `    ${program} ${usageOf(command)}`,
    ...(details.length === 0 ? [] : [details.join('\n')]),
    ...(examples.length === 0 ? [] : [`\`\`\`sh\n${examples.join('\n')}\n\`\`\``]),
  ].join('\n\n')
}

function optionLines<Context>(options: Readonly<Record<string, OptionSpec<Context>>>): string {
  return Object.entries(options)
    .map(([name, spec]) => {
      const short = spec.short === undefined ? '' : `-${spec.short}, `
      const value = spec.value === undefined ? '' : ` ${spec.value}`
      return `- \`${short}${flagOf(name)}${value}\`: ${spec.summary}${choicesOf(spec.choices)}`
    })
    .join('\n')
}

function choicesOf(choices: readonly string[] | undefined): string {
  return choices === undefined ? '' : ` (${choices.map((choice) => `\`${choice}\``).join(', ')})`
}
