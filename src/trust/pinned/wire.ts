import { AppError } from '../../errors/index.ts'

/** As it is sent, with the token in it. */
export interface WireMessage {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface WireHead {
  readonly status: number
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
}

export interface WireAnswer extends WireHead {
  readonly text: string
}

/** How long an answer may take. */
export interface WireLimits {
  /** Milliseconds; of a body that is streamed, the longest silence. */
  readonly timeout: number
  readonly signal: AbortSignal
}

/** What came between us and the server, as an error that may be tried again; AppErrors pass through. */
export function unreachable(url: URL, thrown: unknown, hint?: string): AppError {
  if (thrown instanceof AppError) return thrown
  const { message, cause } = thrown instanceof Error ? thrown : new Error(String(thrown))
  const why = cause instanceof Error ? cause.message : message
  return new AppError('server-unreachable', `${url.origin} does not answer: ${why}`, {
    retryable: true,
    ...(hint === undefined ? {} : { hint }),
  })
}
