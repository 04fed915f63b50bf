import { AppError } from '../../errors/index.ts'
import {
  openUrl,
  readBody,
  readIfPresent,
  Secret,
  showUrl,
  type Clock,
  type UrlAnswer,
} from '../../system/index.ts'
import type { ReleaseStore, StoredRelease } from '../store.ts'
import { download, type DownloadPolicy } from './download.ts'
import { findRelease } from './find-release.ts'
import { retryDelay } from './retry-delay.ts'
import { indexFile, indexLimit, newestFirst, parseIndex } from './store-index.ts'

export interface HttpStoreOptions {
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
  readonly policy: DownloadPolicy
  /** File that holds a bearer token. */
  readonly tokenFile: string | undefined
}

/** A web server that gives out the files of a directory store; read only. */
export function openHttpStore(location: URL, options: HttpStoreOptions): ReleaseStore {
  const place = placeOf(location, options.tokenFile)
  const description = showUrl(place.base)
  const list = (): Promise<readonly StoredRelease[]> => listReleases(place, options)
  return {
    description,
    writable: false,
    list,
    find: async (wanted) => findRelease(await list(), wanted, description),
    fetch: (release, { to, report, signal, step }) => {
      const url = new URL(encodeURIComponent(release.file), place.base)
      const { authorization } = place
      const { clock, random, policy } = options
      const expected = { digest: release.digest, size: release.size }
      return download({
        url,
        authorization,
        to,
        expected,
        policy,
        clock,
        random,
        report,
        step,
        signal,
      })
    },
    publish: async () => {
      throw new AppError('store-read-only', `${description} cannot be published to`, {
        hint: 'publish to the directory that the web server gives out',
      })
    },
  }
}

interface StorePlace {
  /** Ends in `/` and holds no secret. */
  readonly base: URL
  readonly authorization: Secret | undefined
}

function placeOf(location: URL, tokenFile: string | undefined): StorePlace {
  const base = new URL(location)
  base.username = ''
  base.password = ''
  base.search = ''
  base.hash = ''
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  return { base, authorization: credentials(location, tokenFile) }
}

function credentials(location: URL, tokenFile: string | undefined): Secret | undefined {
  if (tokenFile !== undefined) return new Secret(`Bearer ${readToken(tokenFile)}`)
  if (location.username === '') return undefined
  const { username, password } = location
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return new Secret(`Basic ${Buffer.from(pair).toString('base64')}`)
}

function readToken(file: string): string {
  const token = readIfPresent(file)?.toString('utf8').trim()
  if (token !== undefined && /^[!-~]+$/.test(token)) return token
  throw new AppError('store-invalid', `the token file ${file} is missing or holds no token`)
}

async function listReleases(
  place: StorePlace,
  options: HttpStoreOptions,
): Promise<readonly StoredRelease[]> {
  const url = new URL(indexFile, place.base)
  const content = await fetchIndex(url, place, options)
  return newestFirst(await parseIndex(content, showUrl(url)))
}

async function fetchIndex(
  url: URL,
  { authorization }: StorePlace,
  { clock, random, policy }: HttpStoreOptions,
): Promise<Buffer> {
  for (let failures = 1; ; failures++) {
    try {
      const answer = await openUrl({ url, authorization, timeout: policy.timeout })
      assertFound(url, answer)
      return await readBody(answer, indexLimit)
    } catch (error) {
      const isTemporary = error instanceof AppError && error.retryable
      if (!isTemporary || failures >= policy.attempts) throw error
      await clock.sleep(retryDelay(policy, failures, { retryAfter: undefined, random }))
    }
  }
}

function assertFound(url: URL, answer: UrlAnswer): void {
  const { status } = answer
  if (status === 200) return
  answer.body.destroy()
  const retryable = status >= 500 || status === 429 || status === 408
  const hint =
    status === 404
      ? 'a store has index.json beside its archives; `sluice publish` to its directory writes it'
      : 'check the address of the store, and the credentials for it'
  throw new AppError(
    retryable ? 'download-failed' : 'store-invalid',
    `${showUrl(url)} answered ${status}`,
    { hint, retryable },
  )
}
