import { AppError } from '../../errors/index.ts'
import { systemClock } from '../../system/index.ts'
import { safeText } from '../../terminal/index.ts'
import type { Camus2, Camus2Io } from './camus2.ts'
import type { Command, CommandInput } from './command-line/command.ts'
import { camus2Commands } from './command-line/commands.ts'
import { camus2Version } from './command-line/commands/information.ts'
import { parseWords } from './command-line/parse-words.ts'
import { helpOf, usageLine } from './command-line/usage.ts'
import type { ToolConfig } from './config/tool-config.ts'
import { createLog, openLogFile } from './log.ts'

/** Runs c2 with the words after its name; answers the exit status. */
export async function runCamus2(argv: readonly string[], io: Camus2Io): Promise<number> {
  try {
    return await runWords(argv, io)
  } catch (error) {
    complain(io, messageOf(error))
    return 1
  }
}

/** Shows that the output of a command was lost; answers the exit status for that. */
export function showUnwritten(error: AppError, io: Pick<Camus2Io, 'stderr'>): number {
  complain(io, error.message)
  return 1
}

async function runWords(argv: readonly string[], io: Camus2Io): Promise<number> {
  if (argv[0]?.includes('-completion-')) return await runCompletion(argv, io)
  if (argv[0] === '--version') {
    io.stdout.write(`${camus2Version}\n`)
    return 0
  }
  const parsed = parseWords(argv, camus2Commands)
  if (parsed.type === 'help') {
    io.stdout.write(helpOf(parsed.command, camus2Commands))
    return 0
  }
  if (parsed.type === 'wrong') {
    complain(io, `${parsed.problem}\n\n${usageLine(parsed.command)}`)
    return 1
  }
  return await runCommand(parsed.command, parsed.input, io)
}

async function runCommand(command: Command, input: CommandInput, io: Camus2Io): Promise<number> {
  if (command.kind === 'plain') {
    await command.run(io, input)
    return 0
  }
  const config = await readConfig(io)
  const clock = io.clock ?? systemClock
  const sinks = [(line: string): void => void io.stdout.write(line)]
  if (command.kind === 'logged') sinks.unshift(openLogFile(config.logFile))
  const camus2: Camus2 = { config, log: createLog(clock, sinks), io, clock }
  try {
    await command.run(camus2, input)
    return 0
  } catch (error) {
    camus2.log.info(`Exception: ${messageOf(error)}`)
    return io.env['CAMUS2_COMPAT_EXIT0'] === '1' ? 0 : 1
  }
}

/** Answers the shells. A person is typing, so a failure offers nothing and says nothing. */
async function runCompletion(argv: readonly string[], io: Camus2Io): Promise<number> {
  const { completionScript } = await import('./command-line/completion-scripts.ts')
  const script = completionScript(argv)
  if (script !== undefined) {
    io.stdout.write(script)
    return 0
  }
  const { complete, readCompletionRequest } = await import('./command-line/completion.ts')
  const request = readCompletionRequest(argv)
  if (request === undefined) {
    complain(io, `Invalid option \`${argv[0]}'\n\n${usageLine(undefined)}`)
    return 1
  }
  try {
    io.stdout.write(await complete(request, camus2Commands, () => readConfig(io)))
    return 0
  } catch {
    return 1
  }
}

async function readConfig(io: Camus2Io): Promise<ToolConfig> {
  const { loadConfig } = await import('./config/load-config.ts')
  return await loadConfig({
    env: io.env,
    executable: io.executable,
    warn: (text) => complain(io, text),
  })
}

/** Words of the command line, names and paths may hold characters that steer a terminal; they are made visible. */
function complain({ stderr }: Pick<Camus2Io, 'stderr'>, text: string): void {
  stderr.write(`${safeText(text)}\n`)
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const hint = error instanceof AppError ? error.hint : undefined
  return hint === undefined ? error.message : `${error.message} (${hint})`
}
