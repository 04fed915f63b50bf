import { invalidArchive, type ArchiveFile } from './archive-file.ts'

/**
 * Checks that a file is exactly one zstd frame (RFC 8878 §3.1.1) by walking its block headers. The decompressors
 * of the runtimes accept a frame that is cut before its checksum, and some drop a second frame without a word.
 */
export function assertOneZstdFrame(file: ArchiveFile): void {
  const descriptor = file.readAt(4, 1)[0] ?? 0
  if ((descriptor & 0b1000) !== 0) throw invalidArchive('a reserved bit of the zstd frame is set')
  if ((descriptor & 0b11) !== 0) throw invalidArchive('the zstd frame needs a dictionary')
  const checksumBytes = (descriptor & 0b100) === 0 ? 0 : 4
  const end = endOfBlocks(file, 5 + headerRest(descriptor)) + checksumBytes
  if (end === file.size) return
  throw invalidArchive(
    end > file.size
      ? 'the zstd frame is cut short'
      : `bytes after the end of the zstd frame, at ${end}`,
  )
}

/** Bytes of window size and content size after the descriptor. */
function headerRest(descriptor: number): number {
  const isSingleSegment = (descriptor & 0b10_0000) !== 0
  const sizeFlag = descriptor >> 6
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag
  return sizeBytes + (isSingleSegment ? 0 : 1)
}

function endOfBlocks(file: ArchiveFile, start: number): number {
  let offset = start
  for (;;) {
    const header = file.readAt(offset, 3).readUIntLE(0, 3)
    const type = (header >> 1) & 0b11
    if (type === 3) throw invalidArchive('a zstd block of a reserved type')
    offset += 3 + (type === 1 ? 1 : header >> 3)
    if ((header & 1) === 1) return offset
  }
}
