import { closeSync, constants, ftruncateSync, openSync, writeSync } from 'node:fs'

import { AppError } from '../../errors/index.ts'
import {
  networkError,
  openUrl,
  Secret,
  showUrl,
  withPath,
  type Clock,
  type UrlAnswer,
} from '../../system/index.ts'
import type { IncomingFile } from './file-cache.ts'
import type { Wall } from './wall.ts'

export interface FetchPolicy {
  /** Milliseconds until an upstream must have answered, and longest silence after that. */
  readonly idle: number
  /** Milliseconds for one file. */
  readonly deadline: number
  /** How often a file that ended early is asked for, the first time included. */
  readonly attempts: number
  /** Milliseconds before the second attempt; twice that before the third. */
  readonly delay: number
}

export interface FetchContext {
  readonly wall: Wall
  readonly policy: FetchPolicy
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Fetches a URL into a file, never holding more of it than a piece. An answer that ends early is gone on with where the
 * upstream still has the same version, and begun again where not.
 * @throws AppError `origin-refused`, `download-failed` when the upstream does not give the file, `download-cut` when it
 * began to and did not end, `file-too-large`.
 */
export async function fetchUrl(url: URL, file: IncomingFile, context: FetchContext): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
  const descriptor = withPath(file.path, () => openSync(file.path, flags, 0o600))
  try {
    await fetchWhole({ url, file, descriptor, received: 0, validator: undefined }, context)
  } finally {
    closeSync(descriptor)
  }
}

interface Transfer {
  readonly url: URL
  readonly file: IncomingFile
  readonly descriptor: number
  received: number
  /** Which version the bytes are of. */
  validator: string | undefined
}

async function fetchWhole(transfer: Transfer, context: FetchContext): Promise<void> {
  const { clock, policy, signal } = context
  const deadline = clock.monotonic() + policy.deadline
  for (let attempt = 1; ; attempt++) {
    const answer = await ask(transfer, context, attempt)
    try {
      if (answer !== undefined) return await receive(transfer, answer, { clock, deadline })
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof AppError && error.code === 'download-cut')) throw error
      if (attempt >= policy.attempts || clock.monotonic() >= deadline) throw error
    } finally {
      answer?.body.destroy()
    }
    await clock.sleep(policy.delay * 2 ** (attempt - 1), signal)
  }
}

/** Opens the file from where it ended; undefined when this attempt to go on failed and another may be made. */
async function ask(
  transfer: Transfer,
  { wall, policy, signal }: FetchContext,
  attempt: number,
): Promise<UrlAnswer | undefined> {
  const { url } = transfer
  const isFirst = attempt === 1
  try {
    const answer = await openUrl({
      url,
      gate: wall,
      signal,
      timeout: policy.idle,
      headers: rangeOf(transfer),
      authorization: authorizationOf(url),
    })
    if (isGood(transfer, answer)) return answer
    answer.body.destroy()
    throw new AppError('download-failed', `${showUrl(answer.url)} answered ${answer.status}`)
  } catch (error) {
    signal.throwIfAborted()
    if (isFirst || !(error instanceof AppError && error.code === 'download-failed')) throw error
    if (attempt >= policy.attempts) throw cut(transfer.url, error)
    return undefined
  }
}

function rangeOf({ received, validator }: Transfer): Record<string, string> {
  if (received === 0 || validator === undefined) return {}
  return { range: `bytes=${received}-`, 'if-range': validator }
}

/** The user in an address that a trusted caller gave; the wall lets none through. */
function authorizationOf({ username, password }: URL): Secret | undefined {
  if (username === '' && password === '') return undefined
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return new Secret(`Basic ${Buffer.from(plain).toString('base64')}`)
}

/** Whether the answer is the file, or goes on where ours ends. The file is then as long as what the answer follows on. */
function isGood(transfer: Transfer, { status, headers }: UrlAnswer): boolean {
  if (status === 206) {
    const start = /^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1]
    return transfer.received > 0 && start === String(transfer.received)
  }
  if (status < 200 || status > 299) return false
  restart(transfer)
  const { etag } = headers
  // A weak tag does not promise the same bytes.
  transfer.validator = etag?.startsWith('"') === true ? etag : headers['last-modified']
  return true
}

function restart(transfer: Transfer): void {
  withPath(transfer.file.path, () => ftruncateSync(transfer.descriptor))
  transfer.file.restart()
  transfer.received = 0
}

async function receive(
  transfer: Transfer,
  answer: UrlAnswer,
  { clock, deadline }: { readonly clock: Clock; readonly deadline: number },
): Promise<void> {
  const announced = answer.headers['content-length']
  const end = announced === undefined ? undefined : transfer.received + Number(announced)
  // Known to be too large before a byte of it is written.
  if (end !== undefined) transfer.file.reserve(end)
  for await (const chunk of pieces(answer)) {
    if (clock.monotonic() >= deadline) throw cut(transfer.url, new Error('it takes too long'))
    if (end === undefined) transfer.file.reserve(transfer.received + chunk.length)
    append(transfer, chunk)
  }
  if (end === undefined || transfer.received === end) return
  throw cut(transfer.url, new Error(`it ended after ${transfer.received} of ${end} bytes`))
}

async function* pieces({ body, url }: UrlAnswer): AsyncGenerator<Buffer> {
  try {
    yield* body as AsyncIterable<Buffer>
  } catch (error) {
    throw cut(url, networkError(url, error))
  }
}

function append(transfer: Transfer, chunk: Buffer): void {
  withPath(transfer.file.path, () => {
    let offset = 0
    while (offset < chunk.length) {
      const count = writeSync(
        transfer.descriptor,
        chunk,
        offset,
        chunk.length - offset,
        transfer.received,
      )
      offset += count
      transfer.received += count
    }
  })
}

function cut(url: URL, cause: Error): AppError {
  const problem = `${showUrl(url)} broke off: ${cause.message}`
  return new AppError('download-cut', problem, { retryable: true, cause })
}
