import { AppError } from '../../../errors/index.ts'
import type { Failure } from '../database.ts'

/** What a failure of SQLite means, by the number it gives it (sqlite.org/rescode.html). */
export function explainSqlite(thrown: unknown): Failure | undefined {
  const number = resultCode(thrown)
  if (number === undefined || !(thrown instanceof Error)) return undefined
  const { message } = thrown
  // The low byte is the kind; the rest tells more of it.
  switch (number & 0xff) {
    case busy:
    case locked:
      return {
        error: failure(
          'database-unavailable',
          `another program has the database: ${message}`,
          thrown,
        ),
        isTransient: true,
      }
    case full:
      return {
        error: failure('disk-full', `the database cannot grow: ${message}`, thrown),
        isTransient: false,
      }
    case readOnly:
    case ioError:
    case cannotOpen:
      return {
        error: failure('io-failed', `the database cannot be read or written: ${message}`, thrown),
        isTransient: false,
      }
    case corrupt:
    case notADatabase:
      return { error: damaged(message, thrown), isTransient: false }
    default:
      return undefined
  }
}

export function damaged(what: string, cause?: unknown): AppError {
  return new AppError('state-corrupt', `the database is damaged: ${what}`, {
    hint: 'stop the server, keep a copy of the file, and put back a backup',
    cause,
  })
}

function failure(
  code: 'database-unavailable' | 'disk-full' | 'io-failed',
  message: string,
  cause: unknown,
): AppError {
  return new AppError(code, message, { retryable: true, cause })
}

function resultCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('errcode' in thrown)) return undefined
  return typeof thrown.errcode === 'number' ? thrown.errcode : undefined
}

const [busy, locked, readOnly, ioError, corrupt, full, cannotOpen, notADatabase] = [
  5, 6, 8, 10, 11, 13, 14, 26,
] as const
