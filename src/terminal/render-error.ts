import { exitCodes } from './exit-codes.ts'
import { AppError, toAppError } from '../errors/index.ts'
import { safeCopy, safeLine, safeText } from './safe-text.ts'
import type { Style } from './style.ts'

/** Lines of a failed thing's output that are shown. */
const shownLines = 20

/** A failure as JSON: the same fields as in journals, with its kind and exit status. */
export function errorValue(error: AppError): Readonly<Record<string, unknown>> {
  return {
    code: error.code,
    kind: error.kind,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.output === undefined ? {} : { output: error.output }),
    exitCode: exitCodes[error.kind],
  }
}

interface ErrorOptions {
  readonly verbose: boolean
  readonly version: string
}

/** A failure for a person: what failed, the last output, what to type next; a bug comes with its stack. */
export function renderError(thrown: unknown, style: Style, options: ErrorOptions): string {
  const error = toAppError(thrown)
  if (error.kind === 'bug') return renderBug(thrown, style, options)
  const name = error.kind === 'aborted' ? style.color.yellow('stopped:') : style.color.red('error:')
  const lines = [`${name} ${safeText(error.message)}`, ...failureLines(error, style)]
  if (options.verbose) lines.push(style.color.dim(stackOf(error)))
  return lines.join('\n')
}

/** Last output and hint of a failure, indented under whatever names it. */
export function failureLines(
  error: { readonly hint?: string | undefined; readonly output?: string | undefined },
  style: Style,
): string[] {
  return [
    ...outputLines(error.output, style),
    ...(error.hint === undefined ? [] : [`  ${style.color.bold('next:')} ${safeText(error.hint)}`]),
  ]
}

/** The last lines of foreign output behind a bar. */
export function outputLines(output: string | undefined, style: Style): string[] {
  const lines = (output ?? '').replace(/\n+$/, '').split('\n')
  if (lines.length === 1 && lines[0] === '') return []
  const skipped = Math.max(0, lines.length - shownLines)
  const bar = style.color.dim(style.marks.bar)
  const shown = lines.slice(-shownLines).map((line) => `  ${bar} ${safeLine(line)}`)
  return skipped === 0 ? shown : [`  ${bar} … ${skipped} lines before`, ...shown]
}

function renderBug(thrown: unknown, style: Style, options: ErrorOptions): string {
  const source = thrown instanceof AppError ? (thrown.cause ?? thrown) : thrown
  return [
    `${style.color.red('bug:')} ${safeText(toAppError(thrown).message)}`,
    style.color.dim(stackOf(source)),
    `This is a fault of sluice ${options.version}. Please report it with the lines above.`,
  ].join('\n')
}

function stackOf(thrown: unknown): string {
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
  return safeCopy(stack)
}
