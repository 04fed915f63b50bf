import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { AppError, errorCodes, toAppError, type ErrorCode } from '../../errors/index.ts'
import { withPath, type Secret } from '../../system/index.ts'
import { connectToServer, parseToken, readPassword } from '../../trust/index.ts'
import type { PinnedServer, ServerConnection, WireAnswer } from '../../trust/index.ts'
import type { WireLimits, WireMessage } from '../../trust/index.ts'
import type { CliContext } from '../context.ts'
import { serverPlace, type ServerValues } from './server-options.ts'
import { piecesOf, type UploadedFile } from './upload-file.ts'

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With its query. */
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A control server as its holder of a token sees it. */
export interface ServerClient {
  /** The pinned key; undefined when the certificate is trusted instead. */
  readonly keyHash: string | undefined
  /** @throws AppError of the code that the server gave; `server-unreachable`, `identity-mismatch`. */
  ask<Answer>(request: ApiRequest): Promise<Answer>
  /** Sends a file as the body of a PUT. @throws as `ask`. */
  upload<Answer>(path: string, file: UploadedFile): Promise<Answer>
}

/** Milliseconds; beyond the longest answer that a server holds. */
const answerTime = 40_000

/** Reads the token and the pin; connects at the first request. @throws AppError `usage`, `token-invalid`. */
export function openServerClient(
  { cwd, io, signal }: Pick<CliContext, 'cwd' | 'io' | 'signal'>,
  values: ServerValues,
): ServerClient {
  const { url, tokenFile, identityFile } = serverPlace(values, io.environment)
  const token = readToken(tokenFile === '-' ? '-' : resolve(cwd, tokenFile))
  const keyHash = identityFile === undefined ? undefined : readPin(resolve(cwd, identityFile))
  const server = { url, keyHash }
  const limits = { timeout: answerTime, signal }
  const headers = { authorization: `Bearer ${token.reveal()}` }
  return {
    keyHash,
    ask: async <Answer>(request: ApiRequest) =>
      readAnswer(
        await once(server, limits, (connection) =>
          connection.ask(messageOf(request, headers), limits),
        ),
      ) as Answer,
    upload: async <Answer>(path: string, file: UploadedFile) => {
      const type = { ...headers, 'content-type': 'application/octet-stream' }
      const message = { method: 'PUT', path, headers: type, size: file.size }
      const pieces = piecesOf(file)
      return readAnswer(
        await once(server, limits, (connection) =>
          connection.upload({ ...message, pieces }, limits),
        ),
      ) as Answer
    },
  }
}

/** The token is sent only once the connection was proved, or is trusted, to end at the server. */
async function once(
  server: PinnedServer,
  limits: WireLimits,
  work: (connection: ServerConnection) => Promise<WireAnswer>,
): Promise<WireAnswer> {
  try {
    const connection = await connectToServer(server, limits)
    try {
      return await work(connection)
    } finally {
      connection.close()
    }
  } catch (thrown) {
    const { code, message, cause } = toAppError(thrown)
    if (server.keyHash !== undefined || code !== 'server-unreachable') throw thrown
    throw new AppError('server-unreachable', message, { cause, hint: untrusted })
  }
}

function readToken(file: string): Secret {
  return parseToken(readPassword(file).reveal().trim()).text
}

/** Reads an identity.pub. @throws AppError `key-invalid`. */
export function readPin(file: string): string {
  const text = withPath(file, () => readFileSync(file, 'latin1')).trim()
  if (/^[A-Za-z0-9_-]{43}$/.test(text)) return text
  throw new AppError('key-invalid', `${file} is no identity of a server`, {
    hint: 'it is identity.pub in the state directory of the server',
  })
}

function messageOf(
  { method, path, body, headers = {} }: ApiRequest,
  own: Readonly<Record<string, string>>,
): WireMessage {
  const isJson = body !== undefined
  const type = isJson ? { 'content-type': 'application/json' } : {}
  return {
    method,
    path,
    headers: { ...own, ...type, ...headers },
    body: isJson ? JSON.stringify(body) : '',
  }
}

function readAnswer({ status, text }: WireAnswer): unknown {
  const answer = parse(text)
  if (status >= 200 && status < 300 && answer !== undefined) return answer
  throw refusal(status, answer)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** The server's error as ours: of its code if we know that one. */
function refusal(status: number, answer: unknown): AppError {
  const { code, message, hint } = (answer as { error?: Record<string, unknown> })?.error ?? {}
  if (typeof message !== 'string')
    return new AppError('server-unreachable', `something else than the server answers (${status})`)
  const known = typeof code === 'string' && Object.hasOwn(errorCodes, code)
  const details = typeof hint === 'string' ? { hint } : {}
  return new AppError(known ? (code as ErrorCode) : 'server-unreachable', message, details)
}

const untrusted = 'for a self-made certificate give --identity-file, the identity.pub of the server'
