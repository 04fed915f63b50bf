import { pipeline, type Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'

import { AppError, errnoOf } from '../../errors/index.ts'
import { invalidArchive, type ArchiveFile } from './archive-file.ts'
import type { ArchiveFormat } from './formats.ts'
import { assertOneZstdFrame } from './zstd-frame.ts'

const chunkSize = 256 * 1024

/** The tar inside an archive file, decompressed as it is read. */
export function tarBytes(
  file: ArchiveFile,
  format: Exclude<ArchiveFormat, 'zip'>,
): AsyncIterable<Buffer> {
  const raw = file.stream(0, file.size)
  if (format === 'tar') return raw
  if (format === 'tar.zst') assertOneZstdFrame(file)
  const inflater =
    format === 'tar.gz' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize })
  // Errors of either end destroy the inflater, and its reader gets them.
  pipeline(raw, inflater, () => undefined)
  return inflated(file, inflater)
}

async function* inflated(
  file: ArchiveFile,
  inflater: Transform & { readonly bytesWritten: number },
): AsyncGenerator<Buffer> {
  try {
    yield* inflater as AsyncIterable<Buffer>
  } catch (error) {
    throw inflateError(error)
  }
  // The decompressors stop quietly at bytes that are none of theirs.
  if (inflater.bytesWritten !== file.size) {
    throw invalidArchive(`bytes after the end of the compressed data, at ${inflater.bytesWritten}`)
  }
}

/** zlib's complaints about data as ours; everything else stays what it is. */
export function inflateError(error: unknown): unknown {
  if (error instanceof AppError) return error
  const code = errnoOf(error) ?? ''
  const reason = error instanceof Error ? error.message : String(error)
  if (code.startsWith('Z_') || code.startsWith('ZSTD_')) {
    return invalidArchive(`the compressed data is damaged: ${reason}`, error)
  }
  return error
}
