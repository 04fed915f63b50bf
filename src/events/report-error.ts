import { toAppError } from '../errors/index.ts'
import type { ReportedError } from './deploy-event.ts'

/** What was thrown, as data. */
export function reportError(thrown: unknown): ReportedError {
  const error = toAppError(thrown)
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.output === undefined ? {} : { output: error.output }),
  }
}
