import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { trustSystemRoots, type Clock } from '../../system/index.ts'
import { RateError } from '../server/rate-limits.ts'
import type { SentFile } from '../server/send-file.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import type { CachedFile } from './file-cache.ts'
import { openRelay, type Relay } from './relay.ts'
import { openWall } from './wall.ts'

/** The relay as requests use it. */
export interface RelayDoor {
  /**
   * The file at an address. What is known by its digest is fetched once for everybody; of other files one that was
   * fetched within the last minute is good enough.
   * @throws AppError `still-fetching` when it takes longer than callers wait; the fetch goes on, and who asks again gets
   * the file. What `Relay.fetchUrl` throws.
   */
  open(request: { readonly url: string; readonly digest: string | undefined }): Promise<SentFile>
  /** @throws AppError `origin-refused` unless the address may be asked for. */
  assertAllowed(url: string): void
  /** Fetches an address anew, however long it takes. */
  fetch(url: string): Promise<void>
  /** What was fetched last from an address, without asking for it again. */
  cached(url: string): SentFile | undefined
  close(): Promise<void>
}

export interface RelayDoorOptions {
  readonly relay: Relay
  readonly clock: Clock
  /** Milliseconds that a caller waits. */
  readonly patience?: number
}

/** Files fetched at the same time. */
const mostFetches = 32
/** Milliseconds; less than the time after which proxies in between give up. */
const usualPatience = 25_000
/** Milliseconds for which a file without a digest is what its address stands for. */
const freshness = 60_000

export function openRelayDoor(options: RelayDoorOptions): RelayDoor {
  const { relay, clock, patience = usualPatience } = options
  const pending = new Map<string, Promise<void>>()

  function fetchOnce(key: string, url: string, digest: string | undefined): Promise<void> {
    const present = pending.get(key)
    if (present !== undefined) return present
    if (pending.size >= mostFetches) throw new RateError(5)
    const fetching = relay.fetchUrl(key, url, digest === undefined ? undefined : { digest })
    const leave = (): void => void pending.delete(key)
    pending.set(key, fetching)
    fetching.then(leave, leave)
    return fetching
  }
  return {
    open: async ({ url, digest }) => {
      // Also for a file that is here: what may be fetched is a matter of its address.
      relay.assertAllowed(url)
      const key = digest === undefined ? `url ${url}` : `sha256 ${digest}`
      const isFresh = ({ storedAt }: CachedFile): boolean =>
        digest !== undefined || clock.now() - storedAt < freshness
      const present = openIf(relay, key, isFresh)
      if (present !== undefined) return sentFile(present, digest)
      await inTime(fetchOnce(key, url, digest), { clock, patience })
      const fetched = relay.open(key)
      if (fetched !== undefined) return sentFile(fetched, digest)
      throw new AppError('download-failed', 'the file had to go for others at once', {
        retryable: true,
      })
    },
    assertAllowed: (url) => relay.assertAllowed(url),
    fetch: (url) => relay.fetchUrl(`url ${url}`, url),
    cached: (url) => {
      const file = relay.open(`url ${url}`)
      return file === undefined ? undefined : sentFile(file, undefined)
    },
    close: () => relay.close(),
  }
}

function openIf(
  relay: Relay,
  key: string,
  isGood: (file: CachedFile) => boolean,
): CachedFile | undefined {
  const file = relay.open(key)
  if (file === undefined || isGood(file)) return file
  file.release()
  return undefined
}

async function inTime(
  work: Promise<void>,
  { clock, patience }: { readonly clock: Clock; readonly patience: number },
): Promise<void> {
  const over = new AbortController()
  const tired = clock.sleep(patience, over.signal).then(
    () => true,
    () => false,
  )
  const isTired = await Promise.race([work.then(() => false), tired]).finally(() => over.abort())
  if (!isTired) return
  throw new AppError('still-fetching', 'the file is still being fetched', {
    retryable: true,
    hint: 'ask again; what was fetched so far is kept',
  })
}

/** Of a file without a digest the tag says when it was fetched: a part of another fetch does not fit. */
function sentFile(file: CachedFile, digest: string | undefined): SentFile {
  const { size, storedAt } = file
  const etag = digest === undefined ? `"${storedAt}-${size}"` : `"sha256:${digest}"`
  return {
    size,
    storedAt,
    etag,
    read: (start, end) => file.read(start, end),
    release: () => file.release(),
  }
}

/** Bytes of the disk that the database may grow into, whatever is fetched. */
const keptFree = 1024 ** 3

/** The relay of a server, if its settings name origins. @throws AppError `config-invalid` for one that is none. */
export function openServerRelay(settings: ServerSettings, clock: Clock): RelayDoor | undefined {
  const { relay: given, state } = settings
  if (given === undefined) return undefined
  trustSystemRoots()
  const { origins, allowPrivate, bytes, fileBytes, age } = given
  const wall = openWall({ origins, allowPrivate, own: ownOrigins(settings) })
  const limits = { bytes, fileBytes, age, free: keptFree }
  return openRelayDoor({
    relay: openRelay({ directory: join(state, 'relay'), limits, wall, clock }),
    clock,
  })
}

/** A request to ourselves would come with our own address, which some rights may be bound to one day. */
function ownOrigins({ listen, tls }: ServerSettings): string[] {
  const scheme = tls.mode === 'off' ? 'http' : 'https'
  const names = new Set([...tls.names, listen.address, 'localhost'])
  if (listen.port === 0) return []
  return [...names].map(
    (name) => `${scheme}://${name.includes(':') ? `[${name}]` : name}:${listen.port}`,
  )
}
