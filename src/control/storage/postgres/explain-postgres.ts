import { AppError } from '../../../errors/index.ts'
import type { Failure } from '../database.ts'

/** What a failure of PostgreSQL means, by its SQLSTATE. */
export function explainPostgres(thrown: unknown): Failure | undefined {
  if (thrown instanceof AppError && thrown.code === 'database-unavailable')
    return { error: thrown, isTransient: true }
  const state = sqlState(thrown)
  if (state === undefined || !(thrown instanceof Error)) return undefined
  const said = `${thrown.message} (SQLSTATE ${state})`
  if (state === '53100') {
    const message = `the database cannot grow: ${said}`
    return {
      error: new AppError('disk-full', message, { retryable: true, cause: thrown }),
      isTransient: false,
    }
  }
  if (refusals.has(state)) return { error: unavailable(said, thrown, false), isTransient: false }
  if (transient.has(state) || state.startsWith('08'))
    return { error: unavailable(said, thrown), isTransient: true }
  return unavailableStates.has(state)
    ? { error: unavailable(said, thrown), isTransient: false }
    : undefined
}

/** The database did not answer, or refused to for a reason that is not ours. */
export function unavailable(what: string, cause: unknown, retryable = true): AppError {
  return new AppError('database-unavailable', `the database is not available: ${what}`, {
    retryable,
    cause,
  })
}

/** The five characters by which PostgreSQL names what went wrong; undefined for failures that it did not report. */
export function sqlState(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || !('severity' in thrown)) return undefined
  return typeof thrown.code === 'string' && /^[0-9A-Z]{5}$/.test(thrown.code)
    ? thrown.code
    : undefined
}

/** Gone when the whole transaction is tried again: deadlock, serialization, shutdown, start-up, lock or connections short. */
const transient = new Set(['40P01', '40001', '57P01', '57P02', '57P03', '55P03', '53300', '25006'])

/** Took too long, or the machine is at its limits: trying at once again would not help. */
const unavailableStates = new Set(['57014', '25P03', '53000', '53200', '58000', '58030'])

/** Wrong password, role or database: stays wrong until somebody changes it. */
const refusals = new Set(['28000', '28P01', '3D000', '42501'])
