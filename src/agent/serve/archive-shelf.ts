import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import type { WantedRelease } from '../../protocol/index.ts'
import { copyArchive } from '../../release/index.ts'
import {
  isDirectory,
  makeDirectory,
  randomText,
  removeTree,
  syncDirectory,
} from '../../system/index.ts'

/** Archives that were fetched for deployments to come, in a place of our own. */
export interface ArchiveShelf {
  /** Path of an archive whose bytes were checked when it was taken. */
  find(digest: string): string | undefined
  /** Copies a file here; whoever offered it may change or remove it as soon as this returns. @throws AppError `digest-mismatch`. */
  take(path: string, wanted: Pick<WantedRelease, 'digest' | 'size' | 'file'>): Promise<void>
  /** A copy that the host keeps elsewhere is damaged; it is to be fetched again. */
  distrust(digest: string): void
  isDistrusted(digest: string): boolean
  remove(digest: string): void
  /** Removes all but these digests. */
  keepOnly(digests: ReadonlySet<string>): void
}

export function openArchiveShelf(state: string): ArchiveShelf {
  const directory = join(state, 'archives')
  makeDirectory(directory, 0o700)
  const distrusted = new Set<string>()
  const place = (digest: string): string => join(directory, digest)
  const find = (digest: string): string | undefined => {
    if (!isDirectory(place(digest))) return undefined
    const file = readdirSync(place(digest)).find((name) => !name.startsWith('.'))
    return file === undefined ? undefined : join(place(digest), file)
  }
  return {
    find,
    take: async (path, { digest, size, file }) => {
      if (find(digest) !== undefined) return
      assertSize(path, size)
      makeDirectory(place(digest), 0o700)
      await copyArchive({
        from: path,
        to: join(place(digest), file),
        temporary: join(place(digest), `.${randomText(8)}`),
        expected: { digest, size },
        signal: new AbortController().signal,
      })
      syncDirectory(directory)
    },
    distrust: (digest) => void distrusted.add(digest),
    isDistrusted: (digest) => distrusted.has(digest),
    remove: (digest) => removeTree(place(digest)),
    keepOnly: (digests) => {
      const gone = readdirSync(directory).filter((name) => !digests.has(name))
      for (const name of gone) removeTree(join(directory, name))
    },
  }
}

/** Before a byte is copied: the offered file may be any, also one without an end. */
function assertSize(path: string, size: number): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found?.isFile() === true && found.size === size) return
  throw new AppError('digest-mismatch', `the offered file is not one of ${size} bytes`)
}
