import { errorCodes, type ErrorCode, type ErrorKind } from './codes.ts'

export interface ErrorDetails {
  /** What to change or type next, as a sentence for a person. */
  readonly hint?: string
  /** Whether the same call may succeed later without a change. */
  readonly retryable?: boolean
  readonly cause?: unknown
  /** Last lines of output of the thing that failed. */
  readonly output?: string
}

/**
 * The one error class most code throws. The message is lowercase, without a full stop, and has the wrong
 * value in it. Anything else that is thrown is a bug.
 */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly retryable: boolean
  readonly output: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause })
    this.code = code
    this.hint = details.hint
    this.retryable = details.retryable ?? false
    this.output = details.output
  }

  get kind(): ErrorKind {
    return errorCodes[this.code].kind
  }
}

/** Whatever was thrown, as an AppError: what is not known becomes code `bug`; the cause is kept. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new AppError(codeOf(errnoOf(thrown)), message, { cause: thrown })
}

/** What a machine at its limits refuses can happen at any call, and is no bug of ours. */
function codeOf(errno: string | undefined): ErrorCode {
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return 'disk-full'
  return machineRefusals.has(errno ?? '') ? 'io-failed' : 'bug'
}

const machineRefusals = new Set(['EIO', 'EROFS', 'EMFILE', 'ENFILE', 'ENOMEM', 'EACCES', 'EPERM'])

/** Adds where it happened in front of an error's message and keeps its code, hint and output. */
export function withContext(context: string, thrown: unknown): AppError {
  const error = toAppError(thrown)
  return new AppError(error.code, `${context}: ${error.message}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.output === undefined ? {} : { output: error.output }),
    retryable: error.retryable,
    cause: error,
  })
}

/** The errno name of a failed system call (`ENOENT`, `ENOSPC`, …), if it was one. */
export function errnoOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined
  return typeof thrown.code === 'string' ? thrown.code : undefined
}
