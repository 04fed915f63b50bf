import type { HelpConfiguration } from 'commander'

import type { Example } from './command.ts'
import type { Program } from './program.ts'
import type { Style } from './style.ts'

/** How help looks: bold headings, and the words of the command line as they are typed. */
export function styleHelp({ color }: Style): HelpConfiguration {
  return {
    styleTitle: (title) => color.bold(title),
    styleSubcommandTerm: (term) => color.cyan(term),
    styleOptionTerm: (term) => color.cyan(term),
    styleArgumentTerm: (term) => color.cyan(term),
    // The words after a command's name are told by its own help; the list stays narrow without them.
    subcommandTerm: (command) => command.name(),
  }
}

/** What follows the list of commands. */
export function programHelp<Context>(program: Program<Context>, { color }: Style): string {
  return [
    '',
    color.bold('Learn more:'),
    `  ${program.name} help COMMAND   arguments, options and examples of one command`,
    '  Exit status: 0 done, 1 failed and undone, 2 usage, 3 stopped, 4 refused, 5 locked, 6 partial, 70 bug.',
    '',
  ].join('\n')
}

/** What follows a command's options. */
export function commandHelp(name: string, examples: readonly Example[], { color }: Style): string {
  const more = `${color.bold('Options of every command:')} ${name} --help`
  if (examples.length === 0) return `\n${more}\n`
  const lines = examples.flatMap(({ line, meaning }) => [
    `  ${color.dim('$')} ${name} ${line}`,
    `      ${meaning}`,
  ])
  return ['', color.bold('Examples:'), ...lines, '', more, ''].join('\n')
}
