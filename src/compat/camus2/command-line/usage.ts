import type { Command } from './command.ts'

/** `Usage: c2 start RELEASE [ASDEPLOY]`. */
export function usageLine(command: Command | undefined): string {
  if (command === undefined) return 'Usage: c2 COMMAND'
  const options = command.options.map(({ name, value }) =>
    value === undefined ? `[--${name}]` : `[--${name} ${value}]`,
  )
  const words = command.arguments.map(({ name, optional }) => (optional ? `[${name}]` : name))
  return ['Usage: c2', command.name, ...options, ...words].join(' ')
}

/** What `--help` prints for the program or for one command. */
export function helpOf(command: Command | undefined, commands: readonly Command[]): string {
  if (command === undefined) {
    const list = table(commands.map(({ name, summary }) => [name, summary]))
    return `c2 - deploys releases (drop-in for Camus2)\n\n${usageLine(undefined)}\n\nAvailable options:\n${helpOption}\n\nAvailable commands:\n${list}\n`
  }
  const options = command.options.map(({ name, value, summary }): [string, string] => [
    value === undefined ? `--${name}` : `--${name} ${value}`,
    summary,
  ])
  const list = table([...options, ['-h,--help', 'Show this help text']])
  return `${usageLine(command)}\n\n  ${command.summary}\n\nAvailable options:\n${list}\n`
}

const helpOption = table([['-h,--help', 'Show this help text']])

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n')
}
