import { AppError } from '../../errors/index.ts'
import { showName } from './archive-entry.ts'
import { invalidArchive } from './archive-file.ts'
import { decodeName } from './decode-name.ts'
import { assertPlainExtras, extendedTime, findExtra, unicodePath } from './zip-extras.ts'
import { readSafe64 } from './zip-end.ts'

/** One entry of a zip's central directory (APPNOTE 4.3.12). */
export interface ZipRecord {
  readonly path: string
  readonly nameBytes: Buffer
  readonly flags: number
  readonly method: number
  readonly checksum: number
  readonly compressedSize: number
  readonly size: number
  readonly headerOffset: number
  /** Unix mode with its type bits; 0 when the archive was not made on Unix. */
  readonly mode: number
  readonly modified: number
}

const headerLength = 46
const stored = 0
const deflated = 8

/** Descriptor after the data, UTF-8 name, and the two bits that tell how hard deflate tried. */
const allowedFlags = 0b1000_0000_1110

/** Reads all entries; the directory must hold exactly the announced number of them. */
export function parseZipDirectory(bytes: Buffer, count: number): ZipRecord[] {
  const records: ZipRecord[] = []
  let offset = 0
  while (offset < bytes.length) {
    const { record, length } = parseRecord(bytes.subarray(offset))
    records.push(record)
    offset += length
  }
  if (records.length === count) return records
  throw invalidArchive(`the zip announces ${count} entries and has ${records.length}`)
}

function parseRecord(bytes: Buffer): { record: ZipRecord; length: number } {
  if (bytes.length < headerLength || bytes.readUInt32LE(0) !== 0x02014b50) {
    throw invalidArchive('the zip directory is damaged')
  }
  const nameEnd = headerLength + bytes.readUInt16LE(28)
  const extraEnd = nameEnd + bytes.readUInt16LE(30)
  const length = extraEnd + bytes.readUInt16LE(32)
  if (length > bytes.length) throw invalidArchive('the zip directory is damaged')
  const nameBytes = Buffer.from(bytes.subarray(headerLength, nameEnd))
  const extras = bytes.subarray(nameEnd, extraEnd)
  const flags = bytes.readUInt16LE(8)
  const path = decodePath(nameBytes, extras, flags)
  const method = bytes.readUInt16LE(10)
  assertReadable(path, flags, method)
  assertPlainExtras(extras)
  if (bytes.readUInt16LE(34) !== 0) throw invalidArchive('a zip in several parts')
  const record = {
    path,
    nameBytes,
    flags,
    method,
    checksum: bytes.readUInt32LE(16),
    ...readSizes(bytes, extras),
    mode: unixMode(bytes.readUInt16LE(4), bytes.readUInt32LE(38)),
    modified: extendedTime(extras) ?? dosTime(bytes.readUInt16LE(14), bytes.readUInt16LE(12)),
  }
  assertStoredWhole(record)
  return { record, length }
}

/** A name that is not ASCII must be UTF-8 and say so; the old code pages are not guessed. */
function decodePath(nameBytes: Buffer, extras: Buffer, flags: number): string {
  const isMarkedUtf8 = (flags & 0x800) !== 0
  const repeated = unicodePath(extras)
  if (repeated?.equals(nameBytes) === false) {
    throw invalidArchive(`two names for ${showName(nameBytes.toString('latin1'))}`)
  }
  const isAscii = nameBytes.every((byte) => byte < 0x80)
  if (!isAscii && !isMarkedUtf8 && repeated === undefined) {
    const shown = showName(nameBytes.toString('latin1'))
    throw invalidArchive(`the name ${shown} is not marked as UTF-8`)
  }
  return decodeName(nameBytes)
}

function assertReadable(path: string, flags: number, method: number): void {
  if ((flags & 0x2041) !== 0) {
    throw new AppError('archive-unsafe', `${showName(path)} is encrypted`)
  }
  if ((flags & ~allowedFlags) !== 0) {
    throw invalidArchive(`${showName(path)} has unknown flags`)
  }
  if (method !== stored && method !== deflated) {
    throw new AppError('archive-invalid', `${showName(path)} is compressed by ${nameOf(method)}`, {
      hint: 'pack it again with deflate, which `zip` uses by default and Python as `ZIP_DEFLATED`',
    })
  }
}

function nameOf(method: number): string {
  const name = otherMethods.get(method)
  return name === undefined ? `the unknown method ${method}` : `${name} (method ${method})`
}

/** Methods that packers offer and this reader does not know (APPNOTE 4.4.5). */
const otherMethods = new Map([
  [9, 'deflate64'],
  [12, 'bzip2'],
  [14, 'LZMA'],
  [93, 'zstd'],
  [95, 'xz'],
])

function assertStoredWhole(record: ZipRecord): void {
  if (record.method === stored && record.size !== record.compressedSize) {
    throw invalidArchive(`${showName(record.path)} is stored with two sizes`)
  }
}

/** Sizes and offset, from the zip64 extra where the plain field is full; the extra holds exactly those. */
function readSizes(
  bytes: Buffer,
  extras: Buffer,
): Pick<ZipRecord, 'size' | 'compressedSize' | 'headerOffset'> {
  const extra = findExtra(extras, 0x0001)
  let position = 0
  const read = (offset: number): number => {
    const plain = bytes.readUInt32LE(offset)
    if (plain !== 0xffffffff || extra === undefined) return plain
    if (position + 8 > extra.length) throw invalidArchive('a zip64 field is missing')
    position += 8
    return readSafe64(extra, position - 8)
  }
  const sizes = { size: read(24), compressedSize: read(20), headerOffset: read(42) }
  if (extra !== undefined && position !== extra.length) {
    throw invalidArchive('a zip64 field that is not needed')
  }
  return sizes
}

function unixMode(madeBy: number, attributes: number): number {
  const system = madeBy >> 8
  const isUnix = system === 3 || system === 19
  return isUnix ? attributes >>> 16 : 0
}

/** Seconds since 1970, reading the zone-less time as UTC. */
function dosTime(date: number, time: number): number {
  const milliseconds = Date.UTC(
    1980 + (date >> 9),
    ((date >> 5) & 0xf) - 1,
    date & 0x1f,
    time >> 11,
    (time >> 5) & 0x3f,
    (time & 0x1f) * 2,
  )
  return Math.floor(milliseconds / 1000)
}
