import { toAppError, type ErrorCode } from '../../errors/index.ts'
import { BusyError } from '../agents/admission.ts'
import { RateError } from './rate-limits.ts'
import type { SentFile } from './send-file.ts'

/** What a request is answered. */
export interface Answer {
  readonly status: number
  /** Sent as JSON unless it is text. */
  readonly body: unknown
  /** Sent in place of `body`, piece by piece; released whatever happens. */
  readonly file?: SentFile
  /** Sent in place of `body`, as long as there is one who reads. */
  readonly events?: AsyncIterable<string>
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
  'release-not-found': 404,
  'deployment-unfinished': 409,
  quarantined: 409,
  'session-ended': 401,
  'join-token-refused': 401,
  'identity-unproved': 401,
  'agent-unknown': 403,
  'agent-quarantined': 403,
  'agent-exists': 409,
  'key-invalid': 400,
  'server-busy': 503,
  'key-reused': 422,
  'request-too-large': 413,
  'media-type': 415,
  'rate-limited': 429,
  'channel-unbound': 409,
  'release-exists': 409,
  'digest-mismatch': 422,
  'archive-invalid': 422,
  'archive-unsafe': 422,
  'archive-too-large': 422,
  'manifest-missing': 422,
  'manifest-invalid': 422,
  'signature-statement': 422,
  'signature-archive': 422,
  'origin-refused': 403,
  'download-failed': 502,
  'download-cut': 502,
  'file-too-large': 502,
  'still-fetching': 503,
  'database-unavailable': 503,
  'disk-full': 503,
  aborted: 503,
}

/** Told in place of messages that name paths and databases. */
const ours: Partial<Record<ErrorCode, string>> = {
  'database-unavailable': 'the server cannot reach its database; ask again with the same key',
  'disk-full': 'the disk of the server is full; ask again when there is room',
}

/** The one place where an error becomes an answer. */
export function errorAnswer(thrown: unknown): Answer {
  const { code, message, hint } = toAppError(thrown)
  const status = statuses[code]
  if (status === undefined) return failure(500, { code: 'bug', message: 'the server failed' })
  // A token that is misspelled is told like one that is unknown.
  const told = code === 'token-invalid' ? 'unauthenticated' : code
  const words = ours[code] ?? message
  const answer = failure(status, {
    code: told,
    message: words,
    ...(hint === undefined ? {} : { hint }),
  })
  if (!(thrown instanceof RateError || thrown instanceof BusyError)) return answer
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
