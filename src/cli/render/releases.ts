import type { StoredRelease } from '../../release/index.ts'
import { formatAge, formatSize, formatTable, type Style } from '../../terminal/index.ts'
import { shortDigest } from './words.ts'

/** The releases of a store, newest first. */
export function renderReleases(releases: readonly StoredRelease[], style: Style): string {
  if (releases.length === 0) return style.color.dim('no releases')
  const rows = releases.map((release) => [
    `${release.name}@${release.version}`,
    release.size === undefined ? '' : formatSize(release.size),
    release.publishedAt === undefined ? '' : formatAge(release.publishedAt, style.now),
    release.digest === undefined ? '' : `sha256:${shortDigest(release.digest)}`,
    release.file,
  ])
  return formatTable({ columns: ['release', 'size', 'published', 'digest', 'file'], rows }, style)
}
