import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { AppError, errorCodes, type ErrorCode } from '../../errors/index.ts'
import { withPath, type Secret } from '../../system/index.ts'
import { connectToServer, parseToken, readPassword, unreachable } from '../../trust/index.ts'
import type { PinnedServer, WireAnswer, WireMessage } from '../../trust/index.ts'
import type { CliContext } from '../context.ts'
import { serverPlace, type ServerValues } from './server-options.ts'

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
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
}

type SentAnswer = Pick<WireAnswer, 'status' | 'text'>
type Send = (message: WireMessage) => Promise<SentAnswer>

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
  const send: Send =
    keyHash === undefined
      ? (message) => sendByFetch(url, message, signal)
      : (message) => sendToPinned({ url, keyHash }, message, signal)
  return { keyHash, ask: (request) => ask(send, token, request) }
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
  const { status, text } = await send({
    method,
    path,
    headers: {
      authorization: `Bearer ${token.reveal()}`,
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    body: isJson ? JSON.stringify(body) : '',
  })
  const answer = parse(text)
  if (status >= 200 && status < 300 && answer !== undefined) return answer as Answer
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

/** The token is sent only once the connection was proved to end at the pinned server. */
async function sendToPinned(
  server: PinnedServer,
  message: WireMessage,
  signal: AbortSignal,
): Promise<SentAnswer> {
  const limits = { timeout: answerTime, signal }
  const connection = await connectToServer(server, limits)
  try {
    return await connection.ask(message, limits)
  } finally {
    connection.close()
  }
}

async function sendByFetch(
  url: URL,
  { method, path, headers, body }: WireMessage,
  signal: AbortSignal,
): Promise<SentAnswer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(answerTime)])
  const init = { method, headers, signal: limit, redirect: 'error' as const }
  try {
    const answer = await fetch(new URL(path, url), body === '' ? init : { ...init, body })
    return { status: answer.status, text: await answer.text() }
  } catch (thrown) {
    throw signal.aborted ? signal.reason : unreachable(url, thrown, untrusted)
  }
}

const untrusted = 'for a self-made certificate give --identity-file, the identity.pub of the server'
