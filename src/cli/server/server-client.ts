import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { AppError, errorCodes, type ErrorCode } from '../../errors/index.ts'
import { withPath, type Secret } from '../../system/index.ts'
import { parseToken, readPassword } from '../../trust/index.ts'
import type { CliContext } from '../context.ts'
import { openPinnedConnection } from './pinned-connection.ts'
import { serverPlace, type ServerValues } from './server-options.ts'
import { uploadFile, type UploadedFile } from './upload-file.ts'
import { answerTime, unreachable, type WireAnswer, type WireMessage } from './wire.ts'

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

type Send = (message: WireMessage) => Promise<WireAnswer>

/** Reads the token and the pin; connects at the first request. @throws AppError `usage`, `token-invalid`. */
export function openServerClient(
  { cwd, io, signal }: Pick<CliContext, 'cwd' | 'io' | 'signal'>,
  values: ServerValues,
): ServerClient {
  const { url, tokenFile, identityFile } = serverPlace(values, io.environment)
  const token = readToken(tokenFile === '-' ? '-' : resolve(cwd, tokenFile))
  const keyHash = identityFile === undefined ? undefined : readPin(resolve(cwd, identityFile))
  const send: Send =
    keyHash === undefined
      ? (message) => sendByFetch(url, message, signal)
      : (message) => openPinnedConnection({ url, keyHash, signal }, message)
  const server = { url, keyHash, signal }
  return {
    keyHash,
    ask: (request) => ask(send, token, request),
    upload: async <Answer>(path: string, file: UploadedFile) =>
      readAnswer(await uploadFile(server, { path, token, file })) as Answer,
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

async function ask<Answer>(send: Send, token: Secret, request: ApiRequest): Promise<Answer> {
  const { method, path, body, headers = {} } = request
  const isJson = body !== undefined
  const answer = await send({
    method,
    path,
    headers: {
      authorization: `Bearer ${token.reveal()}`,
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    body: isJson ? JSON.stringify(body) : '',
  })
  return readAnswer(answer) as Answer
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

async function sendByFetch(
  url: URL,
  { method, path, headers, body }: WireMessage,
  signal: AbortSignal,
): Promise<WireAnswer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(answerTime)])
  const init = { method, headers, signal: limit, redirect: 'error' as const }
  try {
    const answer = await fetch(new URL(path, url), body === '' ? init : { ...init, body })
    return { status: answer.status, text: await answer.text() }
  } catch (thrown) {
    throw signal.aborted ? signal.reason : unreachable(url, thrown)
  }
}
