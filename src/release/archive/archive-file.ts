import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { Readable } from 'node:stream'

import { AppError, errnoOf } from '../../errors/index.ts'
import { withPath } from '../../system/index.ts'

/** An archive on the disk, opened once: all that is checked and unpacked comes from this descriptor. */
export interface ArchiveFile {
  readonly path: string
  readonly name: string
  readonly descriptor: number
  readonly size: number
  /** @throws AppError `archive-invalid` when the file ends before. */
  readAt(offset: number, length: number): Buffer
  /** The same bytes piece by piece; reading may stop anywhere. */
  stream(offset: number, length: number): Readable
  close(): void
}

const pieceSize = 128 * 1024

/** Opens a regular file without following a link. */
export function openArchiveFile(path: string): ArchiveFile {
  return withPath(path, () => {
    const descriptor = openWithoutFollowing(path)
    const { size, isFile } = describe(descriptor)
    if (!isFile) {
      closeSync(descriptor)
      throw new AppError('archive-invalid', `${path} is not a regular file`)
    }
    return {
      path,
      name: basename(path),
      descriptor,
      size,
      readAt: (offset, length) => {
        if (length < 0 || offset + length > size) throw invalidArchive('the archive is cut short')
        return readExactly(descriptor, offset, length)
      },
      // Not a read stream on the descriptor: Bun closes that with the stream, whatever `autoClose` says.
      stream: (offset, length) => Readable.from(readPieces(descriptor, offset, length)),
      close: () => closeSync(descriptor),
    }
  })
}

function openWithoutFollowing(path: string): number {
  try {
    // O_NONBLOCK: opening a pipe must not wait for a writer.
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    if (errnoOf(cause) !== 'ELOOP') throw cause
    const hint = 'name the archive itself'
    throw new AppError('archive-invalid', `${path} is a symbolic link`, { hint, cause })
  }
}

/** A problem of the archive itself. */
export function invalidArchive(problem: string, cause?: unknown): AppError {
  return new AppError('archive-invalid', problem, {
    hint: 'fetch or build the archive again; `sluice pack` makes archives that unpack',
    ...(cause === undefined ? {} : { cause }),
  })
}

function describe(descriptor: number): { size: number; isFile: boolean } {
  const status = fstatSync(descriptor)
  return { size: status.size, isFile: status.isFile() }
}

function* readPieces(descriptor: number, offset: number, length: number): Generator<Buffer> {
  for (let done = 0; done < length; done += pieceSize) {
    yield readExactly(descriptor, offset + done, Math.min(pieceSize, length - done))
  }
}

function readExactly(descriptor: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const count = readSync(descriptor, bytes, filled, length - filled, offset + filled)
    if (count === 0) throw invalidArchive(`the archive ends at byte ${offset + filled}`)
    filled += count
  }
  return bytes
}
