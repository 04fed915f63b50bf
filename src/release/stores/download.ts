import { AppError, toAppError } from '../../errors/index.ts'
import type { Reporter } from '../../events/index.ts'
import {
  networkError,
  openUrl,
  publishFile,
  removeFile,
  showUrl,
  type Clock,
  type Secret,
  type UrlAnswer,
} from '../../system/index.ts'
import { digestFile } from '../digest-tree.ts'
import { assertExpected, type CopiedArchive } from './copy-archive.ts'
import { openPartialFile, type PartialFile } from './partial-file.ts'
import { guardRate, type RatePolicy } from './rate-guard.ts'
import { parseRetryAfter, retryDelay, type RetryPolicy } from './retry-delay.ts'

export interface DownloadPolicy extends RetryPolicy, RatePolicy {
  /** Milliseconds for everything together. */
  readonly deadline: number
  /** Milliseconds until a server must have answered, and longest silence. */
  readonly timeout: number
}

export const defaultDownloadPolicy: DownloadPolicy = {
  attempts: 6,
  firstDelay: 250,
  longestDelay: 20_000,
  minimumRate: 1024,
  rateWindow: 30_000,
  deadline: 2 * 3_600_000,
  timeout: 30_000,
}

export interface Download {
  readonly url: URL
  readonly authorization: Secret | undefined
  /** Path of the whole file; what arrived so far is kept as `<to>.part`. */
  readonly to: string
  readonly expected: { readonly digest?: string | undefined; readonly size?: number | undefined }
  readonly policy: DownloadPolicy
  readonly clock: Clock
  readonly random: () => number
  readonly report: Reporter
  readonly step: string
  readonly signal: AbortSignal
}

/** A failed try that says when to come back. */
class TryLater extends AppError {
  readonly retryAfter: number | undefined

  constructor(message: string, retryAfter: number | undefined) {
    super('download-failed', message, { retryable: true })
    this.retryAfter = retryAfter
  }
}

/**
 * Downloads a file, going on where an earlier try stopped as long as the server has the same version. One download
 * per `to` at a time. @throws AppError `download-failed`, `release-not-found`, `digest-mismatch`, `disk-full`.
 */
export async function download(request: Download): Promise<CopiedArchive> {
  const part = openPartialFile(`${request.to}.part`)
  try {
    const isResumed = part.size() > 0
    const found = await fetchWhole(request, part, isResumed)
    publishFile(part.path, request.to)
    part.forget()
    return found
  } catch (error) {
    const isWrong = error instanceof AppError && error.code === 'digest-mismatch'
    if (isWrong) {
      part.forget()
      removeFile(part.path)
    }
    throw error
  } finally {
    part.close()
  }
}

/** What an earlier run left may be damaged: if it does not fit, everything is fetched once more. */
async function fetchWhole(
  request: Download,
  part: PartialFile,
  isResumed: boolean,
): Promise<CopiedArchive> {
  try {
    await tryUntilWhole(request, part)
    const found = { digest: await digestFile(part.path), size: part.size() }
    assertExpected(showUrl(request.url), found, request.expected)
    return found
  } catch (error) {
    const isWrong = error instanceof AppError && error.code === 'digest-mismatch'
    if (!isWrong || !isResumed) throw error
    part.restart(undefined)
    return await fetchWhole(request, part, false)
  }
}

async function tryUntilWhole(request: Download, part: PartialFile): Promise<void> {
  const { policy, clock, random } = request
  const deadline = clock.monotonic() + policy.deadline
  let failures = 0
  // Only bytes never reached before count as progress: a server could give the same ones for ever.
  let furthest = part.size()
  for (;;) {
    try {
      await attempt(request, part)
      return
    } catch (thrown) {
      request.signal.throwIfAborted()
      const error = toAppError(thrown)
      if (!error.retryable) throw error
      failures = part.size() > furthest ? 1 : failures + 1
      furthest = Math.max(furthest, part.size())
      const retryAfter = error instanceof TryLater ? error.retryAfter : undefined
      const delay = retryDelay(policy, failures, { retryAfter, random })
      const isLate = clock.monotonic() + delay > deadline
      if (failures >= policy.attempts || isLate) throw givenUp(request, error, isLate)
      await clock.sleep(delay, request.signal)
    }
  }
}

async function attempt(request: Download, part: PartialFile): Promise<void> {
  if (isWhole(request, part)) return
  const { url, authorization, signal, policy } = request
  const headers = rangeHeaders(part)
  const answer = await openUrl({ url, headers, authorization, timeout: policy.timeout, signal })
  try {
    beginAt(request, part, answer)
    await receive(request, part, answer)
  } finally {
    answer.body.destroy()
  }
}

function isWhole({ expected }: Download, part: PartialFile): boolean {
  return (
    expected.size !== undefined && expected.digest !== undefined && part.size() === expected.size
  )
}

function rangeHeaders(part: PartialFile): Record<string, string> {
  const validator = part.validator()
  if (part.size() === 0 || validator === undefined) return {}
  return { range: `bytes=${part.size()}-`, 'if-range': validator }
}

/** Makes the partial file end where the answer's body begins. */
function beginAt(request: Download, part: PartialFile, answer: UrlAnswer): void {
  const { status, headers } = answer
  if (status === 206) {
    const [, start, total] =
      /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? []
    const isOurs = Number(start) === part.size() && isExpectedTotal(request, total)
    if (isOurs) return
    part.restart(undefined)
    throw new TryLater(`${showUrl(answer.url)} answered with another range`, undefined)
  }
  if (status === 200) return part.restart(validatorOf(answer))
  if (status === 416) part.restart(undefined)
  throw statusError(request, answer)
}

function isExpectedTotal({ expected }: Download, total: string | undefined): boolean {
  return total === '*' || expected.size === undefined || Number(total) === expected.size
}

/** A weak ETag does not promise the same bytes. */
function validatorOf({ headers }: UrlAnswer): string | undefined {
  const { etag } = headers
  return etag?.startsWith('"') === true ? etag : headers['last-modified']
}

async function receive(request: Download, part: PartialFile, answer: UrlAnswer): Promise<void> {
  const { expected, step, report, policy } = request
  const announced = contentLength(answer)
  const end = expected.size ?? (announced === undefined ? undefined : part.size() + announced)
  const begin = part.size()
  const guard = guardRate(policy, (error) => answer.body.destroy(error))
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      if (end !== undefined && part.size() + chunk.length > end) throw tooLong(answer, end)
      part.append(chunk)
      guard.add(chunk.length)
      const total = end === undefined ? {} : { total: end }
      report({ type: 'step-progress', step, done: part.size(), ...total, unit: 'bytes' })
    }
  } catch (error) {
    throw networkError(answer.url, error)
  } finally {
    guard.stop()
  }
  const isCut = announced !== undefined && part.size() - begin !== announced
  if (isCut || (end !== undefined && part.size() < end)) {
    throw new TryLater(
      `${showUrl(answer.url)} ended after ${part.size()} of ${end} bytes`,
      undefined,
    )
  }
}

function contentLength({ headers }: UrlAnswer): number | undefined {
  const length = headers['content-length']
  return length === undefined ? undefined : Number(length)
}

function statusError({ url, clock }: Download, answer: UrlAnswer): AppError {
  const { status, headers } = answer
  const message = `${showUrl(url)} answered ${status}`
  if (status === 404 || status === 410) return new AppError('release-not-found', message)
  if (status === 401 || status === 403) {
    return new AppError('download-failed', message, {
      hint: 'check the user and password in the address of the store, or its token file',
    })
  }
  const isTemporary = status >= 500 || [408, 412, 416, 425, 429].includes(status)
  if (!isTemporary) return new AppError('download-failed', message)
  return new TryLater(message, parseRetryAfter(headers['retry-after'], clock.now()))
}

function tooLong(answer: UrlAnswer, end: number): AppError {
  return new AppError(
    'digest-mismatch',
    `${showUrl(answer.url)} sends more than the ${end} bytes that were announced`,
  )
}

function givenUp(request: Download, last: AppError, isLate: boolean): AppError {
  const { policy } = request
  const after = isLate ? `within ${policy.deadline} ms` : `after ${policy.attempts} tries`
  return new AppError('download-failed', `not fetched ${after}: ${last.message}`, {
    hint: 'what has arrived is kept; the next try goes on from there',
    retryable: true,
    cause: last,
  })
}
