import {
  closeSync,
  createReadStream,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

import { makeDirectory, removeTree, withPath, type Clock } from '../../system/index.ts'
import {
  createCacheEntries,
  tooLarge,
  type CacheEntries,
  type CacheEntry,
  type CacheLimits,
  type CacheUsage,
} from './cache-entries.ts'

/** Files under keys, the one unread for the longest time going first when there is no room. */
export interface FileCache {
  begin(): IncomingFile
  open(key: string): CachedFile | undefined
  usage(): CacheUsage
  /** Removes the directory. */
  close(): void
}

/** A file on its way into the cache. */
export interface IncomingFile {
  /** Where to write it, in a directory of its own. */
  readonly path: string
  /** Makes room for a file of so many bytes, before they are written. @throws AppError `file-too-large`. */
  reserve(bytes: number): void
  /** Forgets what was written, to begin again. */
  restart(): void
  /** Makes it what `key` stands for; an older file goes when nobody reads it any more. */
  publish(key: string): void
  /** Removes it unless it was published. */
  discard(): void
}

/** A file that stays readable until `release`, whatever becomes of its key. */
export interface CachedFile {
  readonly size: number
  /** Milliseconds since 1970. */
  readonly storedAt: number
  /** Bytes `start` to `end`, both included. To be called once at most; the stream may be destroyed. */
  read(start: number, end: number): Readable
  release(): void
}

/** Opens a cache in a directory that is the cache's alone and is emptied. One process at a time may have it. */
export function openFileCache(directory: string, limits: CacheLimits, clock: Clock): FileCache {
  removeTree(directory)
  makeDirectory(directory, 0o700)
  const entries = createCacheEntries(limits, clock, () => {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize
  })
  let serial = 0
  return {
    begin: () => {
      entries.evictOld()
      serial += 1
      return beginFile(directory, serial, { entries, limits })
    },
    open: (key) => {
      entries.evictOld()
      const entry = entries.use(key)
      return entry === undefined ? undefined : openEntry(key, entry, entries)
    },
    usage: () => entries.usage(),
    close: () => removeTree(directory),
  }
}

interface Accounts {
  readonly entries: CacheEntries
  readonly limits: CacheLimits
}

function beginFile(directory: string, serial: number, { entries, limits }: Accounts): IncomingFile {
  const place = join(directory, `incoming-${serial}`)
  const path = join(place, 'file')
  const final = join(directory, `${serial}.file`)
  makeDirectory(place, 0o700)
  let reserved = 0

  function reserve(wanted: number): void {
    if (wanted <= reserved) return
    if (wanted > limits.fileBytes) throw tooLarge(`more than ${limits.fileBytes} bytes`)
    entries.reserve(wanted - reserved)
    reserved = wanted
  }

  function giveBack(kept: number): void {
    entries.giveBack(reserved - kept)
    reserved = 0
  }

  return {
    path,
    reserve,
    restart: () => giveBack(0),
    publish: (key) => {
      const { size } = withPath(path, () => statSync(path))
      // Whoever wrote it may not have said how much.
      reserve(size)
      withPath(final, () => renameSync(path, final))
      giveBack(size)
      entries.put(key, { path: final, size })
    },
    discard: () => {
      giveBack(0)
      rmSync(place, { recursive: true, force: true })
    },
  }
}

function openEntry(key: string, entry: CacheEntry, entries: CacheEntries): CachedFile | undefined {
  const descriptor = openPresent(entry.path)
  if (descriptor === undefined) {
    entries.forget(key)
    return undefined
  }
  entry.readers += 1
  return cachedFile(entry, descriptor, () => entries.leave(entry))
}

function cachedFile(entry: CacheEntry, descriptor: number, onRelease: () => void): CachedFile {
  const { size, storedAt, path } = entry
  let stream: Readable | undefined
  let isReleased = false
  return {
    size,
    storedAt,
    read: (start, end) => {
      // It closes the descriptor itself, once no read of it is under way any more.
      stream = createReadStream(path, { fd: descriptor, start, end })
      return stream
    },
    release: () => {
      if (isReleased) return
      isReleased = true
      if (stream === undefined) closeSync(descriptor)
      else stream.destroy()
      onRelease()
    },
  }
}

/** Somebody may have cleared the directory under us. */
function openPresent(path: string): number | undefined {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined
  return withPath(path, () => openSync(path, 'r'))
}
