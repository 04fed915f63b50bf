import { AppError, nearestName } from '../../errors/index.ts'
import type { StoredRelease } from '../store.ts'

/**
 * The release a person names; `releases` are newest first.
 * @throws AppError `release-not-found` with the nearest names.
 */
export function findRelease(
  releases: readonly StoredRelease[],
  wanted: string,
  store: string,
): StoredRelease {
  const found = matching(releases, wanted)
  const [first] = found
  if (first === undefined) throw notFound(releases, wanted, store)
  const isOne = found.every((release) => release.digest === first.digest)
  if (wanted.endsWith('@latest') || isOne) return first
  const files = found.map(({ file }) => file).join(', ')
  throw new AppError('release-not-found', `${wanted} is more than one release: ${files}`, {
    hint: 'give the file name, or more digits',
  })
}

function matching(releases: readonly StoredRelease[], wanted: string): StoredRelease[] {
  const byFile = releases.filter(({ file }) => file === wanted)
  if (byFile.length > 0) return byFile
  const [, digits] = /^sha256:([0-9a-f]{8,64})$/.exec(wanted) ?? []
  if (digits !== undefined) return releases.filter(({ digest }) => digest?.startsWith(digits))
  const [name, version] = wanted.split('@')
  if (version === undefined) return []
  return releases.filter(
    (release) => release.name === name && (version === 'latest' || release.version === version),
  )
}

function notFound(releases: readonly StoredRelease[], wanted: string, store: string): AppError {
  const names = releases.flatMap(({ file, name, version }) => [file, `${name}@${version}`])
  const nearest = nearestName(wanted, names) ?? namesOf(releases, wanted)
  const recent = releases.slice(0, 5).map(({ file }) => file)
  const hint =
    nearest === undefined
      ? recent.length === 0
        ? 'the store is empty; `sluice publish` adds a release'
        : `newest releases: ${recent.join(', ')}`
      : `did you mean ${nearest}?`
  return new AppError('release-not-found', `${store} has no release ${JSON.stringify(wanted)}`, {
    hint,
  })
}

/** For who gives only the app's name. */
function namesOf(releases: readonly StoredRelease[], wanted: string): string | undefined {
  return releases.some(({ name }) => name === wanted) ? `${wanted}@latest` : undefined
}
