import { rmSync } from 'node:fs'

import { AppError } from '../../errors/index.ts'
import type { Clock } from '../../system/index.ts'

export interface CacheLimits {
  /** Bytes of all files together, those on their way and those still being read included. */
  readonly bytes: number
  /** Bytes of one file. */
  readonly fileBytes: number
  /** Milliseconds after which a file is forgotten. */
  readonly age: number
  /** Bytes of the disk that others keep: no file is taken that would leave less. */
  readonly free: number
}

export interface CacheUsage {
  readonly files: number
  readonly bytes: number
  /** Files that had to go for others, or for their age, since the cache was opened. */
  readonly evicted: number
}

/** A file of the cache. Forgotten, it is removed with its last reader. */
export interface CacheEntry {
  readonly path: string
  readonly size: number
  /** Milliseconds since 1970. */
  readonly storedAt: number
  readers: number
  isForgotten: boolean
}

/** Which files there are under which keys, and how many bytes they have together. */
export interface CacheEntries {
  /** The entry of a key, which becomes the last one to go. */
  use(key: string): CacheEntry | undefined
  /** Puts an entry, whose bytes were reserved, in the place of what is there. */
  put(key: string, entry: Pick<CacheEntry, 'path' | 'size'>): void
  forget(key: string): void
  /** One reader less. */
  leave(entry: CacheEntry): void
  evictOld(): void
  /** Takes bytes for a file on its way; others go for it. @throws AppError `file-too-large`, `disk-full`. */
  reserve(bytes: number): void
  giveBack(bytes: number): void
  usage(): CacheUsage
}

export function createCacheEntries(
  limits: CacheLimits,
  clock: Clock,
  freeBytes: () => number,
): CacheEntries {
  // In the order of their last use: a Map keeps the order in which keys were set.
  const entries = new Map<string, CacheEntry>()
  let bytes = 0
  let evicted = 0

  const room = (): number => Math.min(limits.bytes - bytes, freeBytes() - limits.free)

  function removeUnread(entry: CacheEntry): void {
    if (!entry.isForgotten || entry.readers > 0) return
    rmSync(entry.path, { force: true })
    bytes -= entry.size
  }

  function forget(key: string): void {
    const entry = entries.get(key)
    if (entry === undefined) return
    entries.delete(key)
    entry.isForgotten = true
    removeUnread(entry)
  }

  /** Forgets entries from the oldest on, as long as `isDue` says so of the next. */
  function evict(candidates: Iterable<string>, isDue: () => boolean): void {
    for (const key of candidates) {
      if (!isDue()) return
      forget(key)
      evicted += 1
    }
  }

  function reserve(needed: number): void {
    const idle = idleEntries(entries)
    const evictable = idle.reduce((sum, [, { size }]) => sum + size, 0)
    if (needed > room() + evictable) throw noRoom(needed, limits, freeBytes())
    evict(
      idle.map(([key]) => key),
      () => needed > room(),
    )
    bytes += needed
  }

  return {
    use: (key) => moveToEnd(entries, key),
    put: (key, { path, size }) => {
      forget(key)
      entries.set(key, { path, size, storedAt: clock.now(), readers: 0, isForgotten: false })
    },
    forget,
    leave: (entry) => {
      entry.readers -= 1
      removeUnread(entry)
    },
    evictOld: () => evict(oldEntries(entries, clock.now() - limits.age), () => true),
    reserve,
    giveBack: (given) => {
      bytes -= given
    },
    usage: () => ({ files: entries.size, bytes, evicted }),
  }
}

type Entries = ReadonlyMap<string, CacheEntry>

/** What is being read would free nothing yet. */
function idleEntries(entries: Entries): (readonly [string, CacheEntry])[] {
  return Array.from(entries).filter(([, { readers }]) => readers === 0)
}

function oldEntries(entries: Entries, before: number): string[] {
  return Array.from(entries)
    .filter(([, { storedAt }]) => storedAt < before)
    .map(([key]) => key)
}

function moveToEnd(entries: Map<string, CacheEntry>, key: string): CacheEntry | undefined {
  const entry = entries.get(key)
  if (entry === undefined) return undefined
  entries.delete(key)
  entries.set(key, entry)
  return entry
}

function noRoom(needed: number, { bytes, free }: CacheLimits, freeBytes: number): AppError {
  if (freeBytes - free >= needed) return tooLarge(`there is no room for it in ${bytes} bytes`)
  return new AppError('disk-full', `${needed} bytes would leave less than ${free} of the disk free`)
}

/** A file that does not fit. */
export function tooLarge(problem: string): AppError {
  return new AppError('file-too-large', problem, { hint: 'allow the cache more bytes' })
}
