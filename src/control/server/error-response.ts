import { toAppError, type ErrorCode } from '../../errors/index.ts'
import { RateError } from './rate-limits.ts'

/** What a request is answered. */
export interface Answer {
  readonly status: number
  /** Sent as JSON unless it is text. */
  readonly body: unknown
  /** Of a text body. */
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer that comes later. Thousands are held at a time, so little else of a request may be reached from it. */
export interface LateAnswer {
  readonly late: Promise<Answer>
}

/** Errors of other codes are ours, and the caller learns nothing of them. */
const statuses: Partial<Record<ErrorCode, number>> = {
  'request-invalid': 400,
  'token-invalid': 401,
  unauthenticated: 401,
  'hook-refused': 401,
  forbidden: 403,
  'not-found': 404,
  'key-reused': 422,
  'request-too-large': 413,
  'media-type': 415,
  'rate-limited': 429,
  'channel-unbound': 409,
  'database-unavailable': 503,
  'disk-full': 503,
  aborted: 503,
}

/** The one place where an error becomes an answer. */
export function errorAnswer(thrown: unknown): Answer {
  const { code, message, hint } = toAppError(thrown)
  const status = statuses[code]
  if (status === undefined) return failure(500, { code: 'bug', message: 'the server failed' })
  // A token that is misspelled is told like one that is unknown.
  const told = code === 'token-invalid' ? 'unauthenticated' : code
  const isOurs = code === 'database-unavailable' || code === 'disk-full'
  const words = isOurs
    ? 'the server cannot reach its database; ask again with the same key'
    : message
  const answer = failure(status, {
    code: told,
    message: words,
    ...(hint === undefined ? {} : { hint }),
  })
  if (!(thrown instanceof RateError)) return answer
  return { ...answer, headers: { 'retry-after': String(thrown.seconds) } }
}

/** The same, and `onBug` hears of errors that are ours. */
export function reportedAnswer(thrown: unknown, onBug: (thrown: unknown) => void): Answer {
  const answer = errorAnswer(thrown)
  if (answer.status >= 500) onBug(thrown)
  return answer
}

function failure(
  status: number,
  error: { readonly code: string; readonly message: string; readonly hint?: string },
): Answer {
  const headers = statusHeaders[status]
  return { status, body: { error }, ...(headers === undefined ? {} : { headers }) }
}

const statusHeaders: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'www-authenticate': 'Bearer' },
  503: { 'retry-after': '2' },
}
