import type { PublishedRelease } from '../storage/release-records.ts'

export interface KeepRules {
  /** Of each app. */
  readonly count: number
  /** Of all archives together. */
  readonly bytes?: number | undefined
  /** Milliseconds. */
  readonly age?: number | undefined
}

export interface Reasons {
  readonly keep: KeepRules
  /** Digests that something still needs. */
  readonly inUse: ReadonlySet<string>
  /** `NAME@VERSION`. */
  readonly pinned: ReadonlySet<string>
  readonly now: number
}

/**
 * Which releases may go; `releases` are all there are, the most recently published first. The newest release of each app
 * stays whatever the rules say. What is needed counts towards count and bytes, and stays.
 */
export function selectExpired(
  releases: readonly PublishedRelease[],
  { keep, inUse, pinned, now }: Reasons,
): PublishedRelease[] {
  const counts = new Map<string, number>()
  let bytes = 0
  return releases.filter(({ name, version, digest, size, publishedAt }) => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    bytes += size
    const isNeeded = inUse.has(digest) || pinned.has(`${name}@${version}`) || count === 1
    const isTooMany = count > keep.count || bytes > (keep.bytes ?? Infinity)
    const isTooOld = now - publishedAt > (keep.age ?? Infinity)
    const goes = !isNeeded && (isTooMany || isTooOld)
    if (goes) bytes -= size
    return goes
  })
}
