import { AppError } from '../../errors/index.ts'
import type { StoredRelease } from '../store.ts'

/** Lies in a store beside the archives. */
export const indexFile = 'index.json'

/** Larger indexes are refused; this is room for some 60,000 releases. */
export const indexLimit = 16 * 1024 * 1024

/** A release that the index describes wholly. */
export interface IndexedRelease extends StoredRelease {
  readonly digest: string
  readonly size: number
  readonly publishedAt: number
}

/** Reads an index. @throws AppError `store-invalid` with file, line and column. */
export async function parseIndex(
  content: string | Uint8Array,
  file: string,
): Promise<IndexedRelease[]> {
  const { readWithSchema } = await import('../../config/index.ts')
  const { storeIndexSchema } = await import('./store-index-schema.ts')
  const index = await readWithSchema(storeIndexSchema, {
    file,
    content,
    format: 'json',
    code: 'store-invalid',
    limit: indexLimit,
  })
  const releases = index.releases.map(({ sha256, publishedAt, ...release }) => ({
    ...release,
    digest: sha256,
    publishedAt: Date.parse(publishedAt),
  }))
  assertUnique(releases, file)
  return releases
}

export function formatIndex(releases: readonly IndexedRelease[]): string {
  const written = newestFirst(releases).map(({ digest, publishedAt, ...release }) => ({
    file: release.file,
    name: release.name,
    version: release.version,
    sha256: digest,
    size: release.size,
    publishedAt: new Date(publishedAt).toISOString(),
  }))
  return `${JSON.stringify({ version: 1, releases: written }, null, 2)}\n`
}

/** By time of publishing, what has none last; else by file name. */
export function newestFirst<Release extends StoredRelease>(
  releases: readonly Release[],
): Release[] {
  return releases.toSorted((left, right) => {
    const byTime = (right.publishedAt ?? 0) - (left.publishedAt ?? 0)
    return byTime === 0 ? right.file.localeCompare(left.file, 'en', { numeric: true }) : byTime
  })
}

function assertUnique(releases: readonly IndexedRelease[], file: string): void {
  const seen = new Set<string>()
  for (const release of releases) {
    if (seen.has(release.file)) {
      throw new AppError('store-invalid', `${file} lists ${release.file} twice`)
    }
    seen.add(release.file)
  }
}
