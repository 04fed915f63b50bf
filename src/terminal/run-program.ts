import { AppError, toAppError } from '../errors/index.ts'
import type { CommandResult } from './command.ts'
import { runCompletion } from './completion/run-completion.ts'
import { exitCodes, interruptedExitCode } from './exit-codes.ts'
import { watchInterrupts } from './interrupts.ts'
import { parseCommandLine, type Parsed } from './parse-command-line.ts'
import {
  outputValues,
  type OutputValues,
  type Program,
  type ProgramIo,
  type SignalSource,
} from './program.ts'
import { errorValue, renderError } from './render-error.ts'
import { openScreen } from './reporters/open-screen.ts'
import type { Screen } from './reporters/screen.ts'
import { safeJson } from './safe-text.ts'
import { styleFor, type OutputStream, type Style } from './style.ts'
import { watchUnfinishedWork } from './unfinished-work.ts'

/** For commands that listen to signals themselves. */
const deaf: SignalSource = { on: () => undefined, off: () => undefined }

type Chosen<Context> = Extract<Parsed<Context>, { type: 'command' }>

/** Runs a command line to its exit status. Results go to standard output, everything else to standard error. */
export async function runProgram<Context>(
  program: Program<Context>,
  argv: readonly string[],
  io: ProgramIo,
): Promise<number> {
  if (argv[0] === '--completion') return await runCompletion(program, argv.slice(1), io)
  const guess = guessOutput(argv)
  try {
    const parsed = parseCommandLine(program, argv, styleOf(io.stdout, io, guess))
    if (parsed.type === 'command') return await runCommand(program, parsed, io)
    const stream = parsed.asked ? io.stdout : io.stderr
    stream.write(parsed.text)
    return parsed.asked ? 0 : exitCodes.usage
  } catch (thrown) {
    return showError(thrown, { program, io, output: guess })
  }
}

async function runCommand<Context>(
  program: Program<Context>,
  { command, values, globals }: Chosen<Context>,
  io: ProgramIo,
): Promise<number> {
  const output = outputValues(globals)
  const screen = openScreen(io, output)
  const unfinished = watchUnfinishedWork()
  const interrupts = watchInterrupts(command.ownSignals === true ? deaf : io.signals, {
    first: (name) => {
      if (unfinished.describe() !== undefined) screen.note(firstNote(name))
    },
    second: () => endAtOnce({ program, io, screen, left: unfinished.describe() }),
  })
  io.signals.on('exit', screen.close)
  try {
    const style = styleOf(io.stdout, io, output)
    const context = program.createContext({
      io,
      globals,
      style,
      signal: interrupts.signal,
      report: (event) => {
        unfinished.report(event)
        screen.report(event)
      },
    })
    const result = await command.run(context, values)
    screen.close()
    return showResult(result, { io, output, style })
  } catch (thrown) {
    screen.close()
    return showError(thrown, { program, io, output })
  } finally {
    interrupts.stop()
    io.signals.off('exit', screen.close)
  }
}

/** The only place that decides what a finished command prints. */
function showResult(
  result: CommandResult | undefined,
  { io, output, style }: { io: ProgramIo; output: OutputValues; style: Style },
): number {
  if (result === undefined) return 0
  if (output.jsonEvents) writeLine(io.stdout, safeJson({ type: 'result', result: result.value }))
  else if (output.json) writeLine(io.stdout, safeJson(result.value))
  else writeLine(io.stdout, result.text(style))
  return result.exitCode ?? 0
}

function showError<Context>(
  thrown: unknown,
  { program, io, output }: { program: Program<Context>; io: ProgramIo; output: OutputValues },
): number {
  const error = toAppError(thrown)
  if (output.jsonEvents) writeLine(io.stdout, safeJson({ type: 'error', error: errorValue(error) }))
  else if (output.json) writeLine(io.stdout, safeJson({ error: errorValue(error) }))
  if ((!output.json && !output.jsonEvents) || error.kind === 'bug') {
    const style = styleOf(io.stderr, io, output)
    const { verbose } = output
    writeLine(io.stderr, renderError(thrown, style, { verbose, version: program.version }))
  }
  return exitCodes[error.kind]
}

interface End<Context> {
  readonly program: Program<Context>
  readonly io: ProgramIo
  readonly screen: Screen
  readonly left: string | undefined
}

function endAtOnce<Context>({ program, io, screen, left }: End<Context>): void {
  screen.close()
  const state = left === undefined ? 'nothing was left half done' : `${left}; ${program.resumeHint}`
  io.stderr.write(`stopped at once: ${state}\n`)
  io.exit(interruptedExitCode)
}

function firstNote(name: string): string {
  return `${name}: stopping and leaving a safe state (once more ends at once)`
}

/** Output options as far as a line shows them that cannot be parsed. */
function guessOutput(argv: readonly string[]): OutputValues {
  return {
    json: argv.includes('--json'),
    jsonEvents: argv.includes('--json-events'),
    noColor: argv.includes('--no-color'),
    verbose: false,
  }
}

function styleOf(stream: OutputStream, io: ProgramIo, { noColor }: OutputValues): Style {
  return styleFor({ stream, environment: io.environment, noColor, now: Date.now() })
}

function writeLine(stream: OutputStream, text: string): void {
  stream.write(text.endsWith('\n') || text === '' ? text : `${text}\n`)
}

/** Shows what went wrong after a command had ended, such as the writing of its output; answers the exit status. */
export function showAfterwards(error: AppError, io: ProgramIo, version: string): number {
  const style = styleOf(io.stderr, io, guessOutput([]))
  writeLine(io.stderr, renderError(error, style, { verbose: false, version }))
  return exitCodes[error.kind]
}

/** Shows a failure that reached the top of the process and answers its exit status. */
export function showUncaught(thrown: unknown, io: ProgramIo, version: string): number {
  const error = toAppError(thrown)
  const bug = error.kind === 'bug' ? thrown : new AppError('bug', error.message, { cause: thrown })
  const style = styleOf(io.stderr, io, guessOutput([]))
  writeLine(io.stderr, renderError(bug, style, { verbose: true, version }))
  return exitCodes.bug
}
