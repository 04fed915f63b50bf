import type { ArchiveEntry } from '../archive/archive-entry.ts'
import type { ArchiveFile } from '../archive/archive-file.ts'
import { detectFormat } from '../archive/formats.ts'
import { tarBytes } from '../archive/tar-bytes.ts'
import { readTar } from '../archive/tar-reader.ts'
import { readZip, readZipIndex } from '../archive/zip-reader.ts'

export interface ArchiveContents {
  readonly entries: AsyncGenerator<ArchiveEntry>
  /** What the archive announces of itself, where it does: only zips. */
  readonly announced: { readonly bytes: number; readonly entries: number } | undefined
}

/** Opens the entries of an archive of any format; checks what can be checked before the first. */
export function readArchive(
  file: ArchiveFile,
  limits: { readonly entries: number },
): ArchiveContents {
  const format = detectFormat(file)
  if (format !== 'zip') return { entries: readTar(tarBytes(file, format)), announced: undefined }
  const index = readZipIndex(file, limits)
  return {
    entries: readZip(file, index),
    announced: { bytes: index.total, entries: index.records.length },
  }
}
