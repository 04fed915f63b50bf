import { lstatSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

import { AppError, errnoOf } from '../../errors/index.ts'
import {
  acquireLock,
  pathExists,
  readIfPresent,
  replaceFile,
  withPath,
  type Clock,
} from '../../system/index.ts'
import { parseArchiveName } from '../archive-name.ts'
import { formatOfName } from '../archive/formats.ts'
import { digestFile } from '../digest-tree.ts'
import type { FetchOptions, ReleaseStore, StoredRelease } from '../store.ts'
import { inspectArchive } from '../unpack/inspect-archive.ts'
import { carryStatement } from './carry-statement.ts'
import { copyArchive, type CopiedArchive } from './copy-archive.ts'
import { findRelease } from './find-release.ts'
import {
  formatIndex,
  indexFile,
  newestFirst,
  parseIndex,
  type IndexedRelease,
} from './store-index.ts'

/** Milliseconds to wait for another one who publishes. */
const lockWait = 60_000

/** A directory of archives, with an index of what was published; archives that were only put there are listed too. */
export function openDirectoryStore(directory: string, clock: Clock): ReleaseStore {
  const list = (): Promise<readonly StoredRelease[]> => listDirectory(directory)
  return {
    description: directory,
    writable: true,
    list,
    find: async (wanted) => findRelease(await list(), wanted, directory),
    fetch: (release, options) => fetchFromDirectory(directory, release, options),
    publish: (archive, { signal }) => publishArchive({ directory, clock, archive, signal }),
  }
}

async function listDirectory(directory: string): Promise<readonly StoredRelease[]> {
  const indexed = new Map((await readIndex(directory)).map((entry) => [entry.file, entry]))
  const names = withPath(directory, () => readdirSync(directory))
  const releases = names
    .filter((file) => !file.startsWith('.') && formatOfName(file) !== undefined)
    .flatMap((file) => describeFile(directory, file, indexed.get(file)))
  return newestFirst(releases)
}

function describeFile(
  directory: string,
  file: string,
  indexed: IndexedRelease | undefined,
): StoredRelease[] {
  const status = lstatSync(join(directory, file), { throwIfNoEntry: false })
  if (status?.isFile() !== true) return []
  if (indexed !== undefined) return [indexed]
  const { size, mtimeMs } = status
  return [
    {
      file,
      ...parseArchiveName(file),
      digest: undefined,
      size,
      publishedAt: Math.round(mtimeMs),
    },
  ]
}

async function fetchFromDirectory(
  directory: string,
  release: StoredRelease,
  options: FetchOptions,
): Promise<CopiedArchive> {
  const { to, report, signal, step } = options
  const from = join(directory, basename(release.file))
  try {
    const copied = await copyArchive({
      from,
      to,
      temporary: `${to}.part`,
      expected: release,
      signal,
      onProgress: (done, total) =>
        report({ type: 'step-progress', step, done, total, unit: 'bytes' }),
    })
    carryStatement(from, to)
    return copied
  } catch (error) {
    const isGone = error instanceof AppError && errnoOf(error.cause) === 'ENOENT'
    if (!isGone || lstatSync(from, { throwIfNoEntry: false }) !== undefined) throw error
    throw new AppError('release-not-found', `${directory} no longer has ${release.file}`, {
      cause: error,
    })
  }
}

interface Publication {
  readonly directory: string
  readonly clock: Clock
  readonly archive: string
  readonly signal: AbortSignal
}

async function publishArchive(publication: Publication): Promise<StoredRelease> {
  const { directory, clock, archive, signal } = publication
  const entry = await describeArchive(archive, clock)
  const lock = await acquireLock(join(directory, '.index.lock'), {
    purpose: `publish ${entry.file}`,
    clock,
    wait: lockWait,
    signal,
  })
  try {
    const added = await addToStore(publication, entry)
    carryStatement(archive, join(directory, added.file))
    return added
  } finally {
    lock.release()
  }
}

/** The archive comes before its index entry: a crash in between leaves an archive that is listed all the same. */
async function addToStore(
  { directory, archive, signal }: Publication,
  entry: IndexedRelease,
): Promise<StoredRelease> {
  const index = await readIndex(directory)
  const known = index.find((other) => other.file === entry.file || isSameVersion(other, entry))
  if (known !== undefined && known.digest !== entry.digest) throw alreadyThere(known, entry)
  const to = join(directory, entry.file)
  const isPresent = lstatSync(to, { throwIfNoEntry: false }) !== undefined
  if (isPresent && (await digestFile(to)) !== entry.digest) throw alreadyThere(entry, entry)
  if (known !== undefined && isPresent) return known
  const temporary = join(directory, `.${entry.file}.${process.pid}.tmp`)
  if (!isPresent) await copyArchive({ from: archive, to, temporary, expected: entry, signal })
  const others = index.filter((other) => other.file !== entry.file)
  replaceFile(join(directory, indexFile), formatIndex([...others, entry]), { mode: 0o644 })
  return entry
}

async function describeArchive(archive: string, clock: Clock): Promise<IndexedRelease> {
  if (!pathExists(archive)) {
    throw new AppError('not-found', `there is no archive ${archive}`, {
      hint: 'make one with `sluice pack DIRECTORY`',
    })
  }
  const file = basename(archive)
  if (formatOfName(file) === undefined || !/^[A-Za-z0-9][A-Za-z0-9._+@-]*$/.test(file)) {
    throw new AppError('usage', `${JSON.stringify(file)} is not a name for an archive in a store`, {
      hint: 'letters, digits, ".", "_", "+", "@" and "-", ending in .tar.gz, .tar.zst, .zip or .tar',
    })
  }
  const { manifest, size } = await inspectArchive(archive)
  const { name, version } = manifest
  return { file, name, version, digest: await digestFile(archive), size, publishedAt: clock.now() }
}

async function readIndex(directory: string): Promise<IndexedRelease[]> {
  const path = join(directory, indexFile)
  const content = readIfPresent(path)
  return content === undefined ? [] : await parseIndex(content, path)
}

function isSameVersion(left: StoredRelease, right: StoredRelease): boolean {
  return left.name === right.name && left.version === right.version
}

function alreadyThere(known: StoredRelease, entry: IndexedRelease): AppError {
  const { name, version } = entry
  return new AppError(
    'release-exists',
    `the store already has another ${name} ${version} as ${known.file}`,
    { hint: 'releases are never overwritten; give this one another version' },
  )
}
