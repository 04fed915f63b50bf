import { AppError, errorCodes, type ErrorCode } from '../../errors/index.ts'
import type { ReadAnswer } from '../read-answer.ts'
import type { ServerConnection, WireAnswer, WireLimits } from '../../trust/index.ts'

export interface Question<Answer> {
  readonly path: string
  readonly body?: unknown
  readonly session?: string
  readonly read: ReadAnswer<Answer>
}

/**
 * Asks a route that answers JSON.
 * @throws AppError of the code that the server gave; `server-unreachable` for whatever is not its answer; ServerPause.
 */
export async function askServer<Answer>(
  connection: ServerConnection,
  { path, body, session, read }: Question<Answer>,
  limits: WireLimits,
): Promise<Answer> {
  const isJson = body !== undefined
  const headers = {
    ...(session === undefined ? {} : { authorization: `Bearer ${session}` }),
    ...(isJson ? { 'content-type': 'application/json' } : {}),
  }
  const text = isJson ? JSON.stringify(body) : ''
  const answer = await connection.ask({ method: 'POST', path, headers, body: text }, limits)
  const value = parse(answer)
  if (answer.status < 200 || answer.status > 299) throw refusalOf(answer, value)
  const wanted = read(value)
  if (wanted !== undefined) return wanted
  // Something else answers in the server's place, or a server of another kind: this connection is not used again.
  connection.close()
  throw strange(`${path} with what is no answer to it`)
}

function parse({ text }: WireAnswer): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** The server told when to come again. */
export class ServerPause extends AppError {
  /** Milliseconds. */
  readonly pause: number

  constructor(message: string, pause: number) {
    super('server-busy', message, { retryable: true })
    this.pause = pause
  }
}

/** The server's error as ours: of its code if we know that one. */
export function refusalOf({ status, headers }: Omit<WireAnswer, 'text'>, value: unknown): AppError {
  const { code, message, hint } = (value as { error?: Record<string, unknown> })?.error ?? {}
  const seconds = /^\d{1,4}$/.exec(headers.get('retry-after') ?? '')?.[0]
  if (seconds !== undefined)
    return new ServerPause(`the server asks to wait ${seconds} s`, Number(seconds) * 1000)
  if (typeof message !== 'string') return strange(`with status ${status}`)
  const known = typeof code === 'string' && Object.hasOwn(errorCodes, code)
  const details = typeof hint === 'string' ? { hint } : {}
  return new AppError(known ? (code as ErrorCode) : 'server-unreachable', message, details)
}

function strange(what: string): AppError {
  return new AppError('server-unreachable', `something else than the server answers ${what}`, {
    retryable: true,
  })
}
