import { AppError } from '../../errors/index.ts'

/** As it is sent, with the token in it. */
export interface WireMessage {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface WireAnswer {
  readonly status: number
  readonly text: string
}

/** Milliseconds; beyond the longest answer that a server holds. */
export const answerTime = 40_000

export function unreachable(url: URL, thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const { message, cause } = thrown instanceof Error ? thrown : new Error(String(thrown))
  const why = cause instanceof Error ? cause.message : message
  return new AppError('server-unreachable', `${url.origin} does not answer: ${why}`, {
    retryable: true,
    hint: 'for a self-made certificate give --identity-file, the identity.pub of the server',
  })
}
