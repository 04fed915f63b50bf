import { readdirSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { makeDirectory, removeFile, removeTree, withPath } from '../../system/index.ts'
import { formatSize } from '../../terminal/index.ts'
import type { SentFile } from '../server/send-file.ts'
import type { PublishedRelease } from '../storage/release-records.ts'
import { openSentFile } from './open-sent-file.ts'
import { receiveFile, type ReceivedFile } from './receive-file.ts'

/** The archives of published releases, each under its digest; several servers may share the directory. */
export interface ReleaseFiles {
  has(release: Pick<PublishedRelease, 'digest' | 'size'>): boolean
  /**
   * Takes a file of `size` bytes in, under no name yet, and gives it to `work`; it is gone afterwards unless that has
   * published it. @throws AppError `disk-full` before anything is read, `request-invalid` for another size.
   */
  receive<Result>(
    content: AsyncIterable<Buffer>,
    size: number,
    work: (file: ReceivedFile) => Promise<Result>,
  ): Promise<Result>
  /** Undefined when the archive is not there. */
  open(release: PublishedRelease): SentFile | undefined
  remove(digest: string): void
  /** Removes what a server that was killed has left: archives that nobody `knows`, and uploads, both older than `before`. */
  sweep(before: number, knows: (digest: string) => Promise<boolean>): Promise<void>
}

export interface ReleaseFilesOptions {
  readonly directory: string
  /** Bytes of the disk that stay free. */
  readonly keepFree: number
}

export function openReleaseFiles({ directory, keepFree }: ReleaseFilesOptions): ReleaseFiles {
  const incoming = join(directory, 'incoming')
  makeDirectory(incoming, 0o700)
  const pathOf = (digest: string): string => join(directory, digest)
  let expected = 0
  return {
    has: ({ digest, size }) => sizeOf(pathOf(digest)) === size,
    receive: async (content, size, work) => {
      assertRoom(directory, expected + size, keepFree)
      expected += size
      try {
        return await receiveFile({ incoming, size, pathOf }, content, work)
      } finally {
        expected -= size
      }
    },
    open: ({ digest, size, publishedAt }) => {
      const path = pathOf(digest)
      if (sizeOf(path) !== size) return undefined
      return openSentFile(path, { etag: `"sha256:${digest}"`, size, storedAt: publishedAt })
    },
    remove: (digest) => removeFile(pathOf(digest)),
    sweep: async (before, knows) => {
      for (const name of namesBefore(incoming, before)) removeTree(join(incoming, name))
      for (const name of namesBefore(directory, before))
        if (/^[0-9a-f]{64}$/.test(name) && !(await knows(name))) removeFile(pathOf(name))
    },
  }
}

/** Counts what other uploads are still going to write. */
function assertRoom(directory: string, wanted: number, keepFree: number): void {
  const { bavail, bsize } = withPath(directory, () => statfsSync(directory))
  const free = bavail * bsize
  if (free - wanted >= keepFree) return
  throw new AppError('disk-full', `${formatSize(wanted)} do not fit beside what is kept free`)
}

function sizeOf(path: string): number | undefined {
  return withPath(path, () => statSync(path, { throwIfNoEntry: false }))?.size
}

function namesBefore(directory: string, before: number): string[] {
  const names = withPath(directory, () => readdirSync(directory))
  return names.filter((name) => {
    const status = statSync(join(directory, name), { throwIfNoEntry: false })
    return status !== undefined && status.mtimeMs < before
  })
}
