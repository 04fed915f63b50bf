import { resolve } from 'node:path'

import { AppError, toAppError } from '../../errors/index.ts'
import { describeEnd, type Clock } from '../../system/index.ts'
import { downloadFile } from './download-file.ts'
import type { FileSource } from './file-source.ts'
import { runLine } from './run-line.ts'
import type {
  DownloadAction,
  ScriptOutcome,
  ScriptReporter,
  ScriptStep,
  ShellAction,
} from './script-step.ts'

export interface ScriptContext {
  readonly clock: Clock
  /** The program that runs the lines of shell steps, as `<shell> -c <line>`. */
  readonly shell: string
  /** Words before the shell's, such as those that make it run as another account; none unless given. */
  readonly before?: readonly string[]
  /** The environment of every step. */
  readonly env: Readonly<Record<string, string>>
  readonly files: FileSource
  readonly report: ScriptReporter
  /** Asks the script to stop: the running line may come to its end, no other begins. */
  readonly signal: AbortSignal
  /** Milliseconds that a running line has for its end after that. */
  readonly grace: number
}

/**
 * Runs the steps from first to last and stops at the first that fails. A step is taken from `steps` only when its turn
 * comes; an AppError thrown there counts as the failure of that step. Nothing is undone and nothing is run twice.
 */
export async function runScript(
  steps: Iterable<ScriptStep>,
  context: ScriptContext,
): Promise<ScriptOutcome> {
  const turns = steps[Symbol.iterator]()
  for (let number = 1; ; number++) {
    try {
      const turn = turns.next()
      if (turn.done === true) return { succeeded: number - 1 }
      context.signal.throwIfAborted()
      await runStep(turn.value, number, context)
    } catch (error) {
      return { succeeded: number - 1, error: toAppError(error) }
    }
  }
}

async function runStep(step: ScriptStep, number: number, context: ScriptContext): Promise<void> {
  const { clock, report } = context
  const { name } = step
  const begin = clock.monotonic()
  const took = (): number => Math.round(clock.monotonic() - begin)
  report({ type: 'script-step-started', number, name })
  try {
    await act({ step, number, deadline: begin + (step.timeout ?? Infinity) }, context)
  } catch (thrown) {
    const error = toAppError(thrown)
    report({ type: 'script-step-ended', number, name, milliseconds: took(), error })
    throw error
  }
  report({ type: 'script-step-ended', number, name, milliseconds: took() })
}

interface Turn {
  readonly step: ScriptStep
  readonly number: number
  readonly deadline: number
}

function act(turn: Turn, context: ScriptContext): Promise<void> {
  const { action } = turn.step
  switch (action.kind) {
    case 'shell':
      return runLines(action, turn, context)
    case 'download':
      return download(action, turn, context)
  }
}

async function runLines({ lines }: ShellAction, turn: Turn, context: ScriptContext): Promise<void> {
  const { step, number, deadline } = turn
  const { clock, before = [], shell, report, signal, grace } = context
  const env = { ...context.env, ...step.env }
  const output = (text: string): void => report({ type: 'script-output', number, text })
  for (const line of lines) {
    signal.throwIfAborted()
    const request = {
      before,
      shell,
      line,
      env,
      cwd: step.cwd,
      clock,
      stop: signal,
      grace,
      deadline,
      output,
    }
    const { output: text, ...end } = await runLine(request)
    report({ type: 'script-line-ended', number, command: line, output: text, end })
    if (end.timedOut) throw tooLate(step)
    if (end.status === 0) continue
    throw new AppError('command-failed', `"${line}" ${describeEnd(end)}`, { output: text })
  }
}

async function download(
  action: DownloadAction,
  { step, deadline }: Turn,
  { clock, files, signal }: ScriptContext,
): Promise<void> {
  const late = new AbortController()
  const over = new AbortController()
  if (deadline !== Infinity) {
    const wait = clock.sleep(deadline - clock.monotonic(), over.signal)
    wait.then(
      () => late.abort(tooLate(step)),
      () => undefined,
    )
  }
  try {
    await downloadFile(action, resolve(step.cwd ?? '.', action.dest), {
      source: files,
      signal: AbortSignal.any([signal, late.signal]),
    })
  } finally {
    over.abort()
  }
}

function tooLate({ name, timeout }: ScriptStep): AppError {
  return new AppError('command-timeout', `step "${name}" did not end within ${timeout} ms`)
}
