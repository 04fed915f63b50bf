import { pipeline, type Readable } from 'node:stream'
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib'

import { AppError, errnoOf } from '../../errors/index.ts'
import { showName, type ArchiveEntry } from './archive-entry.ts'
import { invalidArchive, type ArchiveFile } from './archive-file.ts'
import { inflateError } from './tar-bytes.ts'
import { parseZipDirectory } from './zip-directory.ts'
import { readDirectoryEnd } from './zip-end.ts'
import { locateRecords, type Coverage, type LocatedRecord } from './zip-layout.ts'

/** What a zip says before anything is unpacked. */
export interface ZipIndex {
  readonly records: readonly LocatedRecord[]
  /** Bytes of all files together, as announced. */
  readonly total: number
}

/** Longer directories are refused before they are read into memory. */
const directoryLimit = 64 * 1024 * 1024

/** Files up to this size are inflated in one piece, which costs much less than a stream. */
const onePieceLimit = 1024 * 1024

const fileTypeMask = 0o170000
const regularFile = 0o100000
const directory = 0o040000
const symbolicLink = 0o120000

/** Reads and checks everything but the contents. */
export function readZipIndex(
  file: ArchiveFile,
  limits: { readonly entries: number },
  coverage: Coverage = 'whole',
): ZipIndex {
  const end = readDirectoryEnd(file)
  if (end.count > limits.entries || end.size > directoryLimit) {
    throw new AppError('archive-too-large', `${end.count} entries, more than ${limits.entries}`)
  }
  const parsed = parseZipDirectory(file.readAt(end.offset, end.size), end.count)
  const records = locateRecords(file, parsed, end.offset, coverage)
  return { records, total: records.reduce((sum, record) => sum + record.size, 0) }
}

/** The entries of a zip in the order of its directory. */
export async function* readZip(file: ArchiveFile, index: ZipIndex): AsyncGenerator<ArchiveEntry> {
  for (const record of index.records) yield await toEntry(file, record)
}

async function toEntry(file: ArchiveFile, record: LocatedRecord): Promise<ArchiveEntry> {
  const { path, size, mode, modified } = record
  const type = mode & fileTypeMask
  if (path.endsWith('/')) {
    // Some packers give a directory the mode of a file; the slash decides, as for Python and Info-ZIP.
    if (size !== 0 || ![0, directory, regularFile].includes(type)) {
      throw invalidArchive(`${showName(path)} is named a directory and is none`)
    }
    return { type: 'directory', path: path.slice(0, -1) }
  }
  if (type === symbolicLink) return { type: 'link', path, target: await readTarget(file, record) }
  if (type !== regularFile && type !== 0) {
    throw new AppError('archive-unsafe', `${showName(path)} is not a file, directory or link`)
  }
  const permissions = mode === 0 ? 0o644 : mode & 0o7777
  const content = (): AsyncIterable<Buffer> => checkedContent(file, record)
  return { type: 'file', path, size, mode: permissions, modified, content }
}

async function readTarget(file: ArchiveFile, record: LocatedRecord): Promise<string> {
  if (record.size > 4096) throw invalidArchive(`the link ${showName(record.path)} is too long`)
  const parts: Buffer[] = []
  for await (const chunk of checkedContent(file, record)) parts.push(chunk)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts))
  } catch (error) {
    throw invalidArchive(`the target of the link ${showName(record.path)} is not UTF-8`, error)
  }
}

/** The content, never more than announced, and an error at its end unless length and CRC-32 are right. */
async function* checkedContent(file: ArchiveFile, record: LocatedRecord): AsyncGenerator<Buffer> {
  let size = 0
  let checksum = 0
  for await (const chunk of rawContent(file, record)) {
    size += chunk.length
    if (size > record.size) throw tooLong(record)
    checksum = crc32(chunk, checksum)
    yield chunk
  }
  if (size !== record.size || checksum !== record.checksum) {
    throw invalidArchive(`the content of ${showName(record.path)} is damaged`)
  }
}

function rawContent(
  file: ArchiveFile,
  record: LocatedRecord,
): AsyncIterable<Buffer> | Iterable<Buffer> {
  const { compressedSize, size, method } = record
  const isSmall = compressedSize <= onePieceLimit && size <= onePieceLimit
  if (!isSmall) return method === 0 ? rawStream(file, record) : inflateStream(file, record)
  const bytes = file.readAt(record.dataOffset, compressedSize)
  return [method === 0 ? bytes : inflateWhole(bytes, record)]
}

function inflateWhole(bytes: Buffer, record: LocatedRecord): Buffer {
  try {
    // With `info` the answer also tells how much of the input was used, which the types do not know.
    const answer = inflateRawSync(bytes, {
      info: true,
      maxOutputLength: record.size + 1,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } }
    assertAllUsed(record, answer.engine.bytesWritten)
    return answer.buffer
  } catch (error) {
    throw errnoOf(error) === 'ERR_BUFFER_TOO_LARGE' ? tooLong(record) : inflateError(error)
  }
}

function tooLong(record: LocatedRecord): AppError {
  return invalidArchive(`${showName(record.path)} is longer than announced`)
}

async function* inflateStream(file: ArchiveFile, record: LocatedRecord): AsyncGenerator<Buffer> {
  const inflater = createInflateRaw({ chunkSize: 128 * 1024 })
  pipeline(rawStream(file, record), inflater, () => undefined)
  try {
    yield* inflater as AsyncIterable<Buffer>
  } catch (error) {
    throw inflateError(error)
  }
  assertAllUsed(record, inflater.bytesWritten)
}

function rawStream(file: ArchiveFile, record: LocatedRecord): Readable {
  return file.stream(record.dataOffset, record.compressedSize)
}

function assertAllUsed(record: LocatedRecord, used: number): void {
  if (used === record.compressedSize) return
  throw invalidArchive(`bytes hidden behind the compressed data of ${showName(record.path)}`)
}
