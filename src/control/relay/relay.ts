import { AppError } from '../../errors/index.ts'
import { digestFile } from '../../release/index.ts'
import type { Clock } from '../../system/index.ts'
import type { CacheLimits, CacheUsage } from './cache-entries.ts'
import { fetchS3, type AwsCommand } from './fetch-s3.ts'
import { fetchUrl, type FetchPolicy } from './fetch-url.ts'
import { openFileCache, type CachedFile, type IncomingFile } from './file-cache.ts'
import { shareRefreshes } from './share-refreshes.ts'
import type { Wall } from './wall.ts'

export interface RelayOptions {
  /** The relay's alone: emptied when it is opened, removed when it is closed. */
  readonly directory: string
  readonly limits: CacheLimits
  readonly wall: Wall
  readonly clock: Clock
  readonly policy?: FetchPolicy
}

/**
 * Fetches files for machines that cannot do it themselves, and keeps them under keys of the caller's choice. When a
 * fetch fails, what the key stood for before stays. Fetches of one key that are asked for at once share their work, but
 * nobody gets a file that was begun before they asked.
 */
export interface Relay {
  /**
   * @throws AppError `origin-refused`, `download-failed`, `download-cut`, `file-too-large`, `digest-mismatch`,
   * `io-failed`, `disk-full`.
   */
  fetchUrl(key: string, url: string, expected?: ExpectedFile): Promise<void>
  /** @throws AppError `origin-refused` unless the address may be asked for. */
  assertAllowed(url: string): void
  /** @throws AppError `origin-refused`, `download-failed`, `command-failed`, `file-too-large`. */
  fetchS3(key: string, url: string, aws: Omit<AwsCommand, 'signal'>): Promise<void>
  /** The file under a key, readable until it is released; undefined when there is none. */
  open(key: string): CachedFile | undefined
  usage(): CacheUsage
  /** Ends what is under way and removes the directory. */
  close(): Promise<void>
}

export interface ExpectedFile {
  /** sha256; a file with another one is thrown away. */
  readonly digest: string
}

export const defaultFetchPolicy: FetchPolicy = {
  idle: 60_000,
  deadline: 2 * 3_600_000,
  attempts: 3,
  delay: 250,
}

export function openRelay(options: RelayOptions): Relay {
  const { directory, limits, wall, clock, policy = defaultFetchPolicy } = options
  const cache = openFileCache(directory, limits, clock)
  const share = shareRefreshes()
  const closing = new AbortController()
  const underWay = new Set<Promise<void>>()
  const { signal } = closing

  async function fill(key: string, write: (file: IncomingFile) => Promise<void>): Promise<void> {
    signal.throwIfAborted()
    const file = cache.begin()
    try {
      await write(file)
      file.publish(key)
    } finally {
      file.discard()
    }
  }

  function refresh(key: string, write: (file: IncomingFile) => Promise<void>): Promise<void> {
    return share(key, () => {
      const work = fill(key, write)
      const leave = (): void => void underWay.delete(work)
      underWay.add(work)
      work.then(leave, leave)
      return work
    })
  }

  return {
    fetchUrl: async (key, text, expected) => {
      const url = wall.parseUrl(text)
      await refresh(key, async (file) => {
        await fetchUrl(url, file, { wall, policy, clock, signal })
        await assertExpected(file, expected)
      })
    },
    assertAllowed: (text) => wall.checkUrl(wall.parseUrl(text), undefined),
    fetchS3: (key, url, aws) => refresh(key, (file) => fetchS3(url, file.path, { ...aws, signal })),
    open: (key) => cache.open(key),
    usage: () => cache.usage(),
    close: async () => {
      closing.abort()
      await Promise.allSettled(underWay)
      cache.close()
    },
  }
}

async function assertExpected(
  { path }: IncomingFile,
  expected: ExpectedFile | undefined,
): Promise<void> {
  if (expected === undefined) return
  const digest = await digestFile(path)
  if (digest === expected.digest) return
  throw new AppError('digest-mismatch', `what was fetched is sha256 ${digest}`, {
    hint: 'the file was changed or damaged where it lies, or another one was meant',
  })
}
