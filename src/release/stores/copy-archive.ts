import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs'

import { AppError } from '../../errors/index.ts'
import { publishFile, withPath } from '../../system/index.ts'
import { openArchiveFile, type ArchiveFile } from '../archive/archive-file.ts'

export interface CopyRequest {
  readonly from: string
  readonly to: string
  /** Where the copy grows until it is whole. */
  readonly temporary: string
  readonly expected: { readonly digest?: string | undefined; readonly size?: number | undefined }
  readonly signal: AbortSignal
  onProgress?(done: number, total: number): void
}

export interface CopiedArchive {
  readonly digest: string
  readonly size: number
}

const chunkSize = 1024 * 1024

/** Copies a regular file, not through a link, and publishes the copy only if it is what was announced. */
export async function copyArchive(request: CopyRequest): Promise<CopiedArchive> {
  const source = openArchiveFile(request.from)
  try {
    const digest = await copyToTemporary(request, source)
    const copied = { digest, size: source.size }
    assertExpected(request.from, copied, request.expected)
    publishFile(request.temporary, request.to)
    return copied
  } catch (error) {
    rmSync(request.temporary, { force: true })
    throw error
  } finally {
    source.close()
  }
}

/** @throws AppError `digest-mismatch` when size or sha256 are not those announced. */
export function assertExpected(
  what: string,
  found: CopiedArchive,
  expected: CopyRequest['expected'],
): void {
  const { digest = found.digest, size = found.size } = expected
  if (found.size === size && found.digest === digest) return
  const problem =
    found.size === size
      ? `is sha256 ${found.digest}, announced was ${digest}`
      : `has ${found.size} bytes, announced were ${size}`
  throw new AppError('digest-mismatch', `${what} ${problem}`, {
    hint: 'the archive in the store was changed or damaged; publish it again under a new version',
  })
}

async function copyToTemporary(request: CopyRequest, source: ArchiveFile): Promise<string> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW
  const descriptor = withPath(request.temporary, () => openSync(request.temporary, flags, 0o644))
  const before = fstatSync(source.descriptor)
  try {
    const digest = await copyBytes(request, source, descriptor)
    const after = fstatSync(source.descriptor)
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
      throw new AppError('download-failed', `${request.from} changed while it was copied`, {
        retryable: true,
      })
    }
    return digest
  } finally {
    closeSync(descriptor)
  }
}

async function copyBytes(
  request: CopyRequest,
  source: ArchiveFile,
  descriptor: number,
): Promise<string> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(chunkSize)
  let done = 0
  while (done < source.size) {
    request.signal.throwIfAborted()
    const count = withPath(request.from, () =>
      readSync(source.descriptor, buffer, 0, Math.min(chunkSize, source.size - done), done),
    )
    if (count === 0) break
    const chunk = buffer.subarray(0, count)
    hash.update(chunk)
    withPath(request.to, () => writeAll(descriptor, chunk))
    done += count
    request.onProgress?.(done, source.size)
    // Lets signals and other work of the program through.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return hash.digest('hex')
}

function writeAll(descriptor: number, bytes: Buffer): void {
  let offset = 0
  while (offset < bytes.length) offset += writeSync(descriptor, bytes, offset)
}
