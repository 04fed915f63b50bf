import { invalidArchive, type ArchiveFile } from './archive-file.ts'

/** Where the central directory of a zip lies. */
export interface DirectoryEnd {
  readonly count: number
  readonly offset: number
  readonly size: number
}

const endLength = 22
const longestComment = 0xffff
const endSignature = 0x06054b50
const locatorSignature = 0x07064b50
const zip64Signature = 0x06064b50

/** Finds the one end record (APPNOTE 4.3.16) and checks that the directory ends exactly where it begins. */
export function readDirectoryEnd(file: ArchiveFile): DirectoryEnd {
  const tailLength = Math.min(file.size, endLength + longestComment)
  const tailStart = file.size - tailLength
  const tail = file.readAt(tailStart, tailLength)
  const position = findEnd(tail)
  const record = tail.subarray(position)
  const end = {
    count: record.readUInt16LE(10),
    size: record.readUInt32LE(12),
    offset: record.readUInt32LE(16),
  }
  if (record.readUInt32LE(4) !== 0 || record.readUInt16LE(8) !== end.count) {
    throw invalidArchive('a zip in several parts')
  }
  const extended = readZip64End(file, tailStart + position, end)
  const { offset, size } = extended ?? end
  if (offset + size !== (extended?.start ?? tailStart + position)) {
    throw invalidArchive('the zip directory does not lie where its end record says')
  }
  return extended ?? end
}

function findEnd(tail: Buffer): number {
  const signature = Buffer.alloc(4)
  signature.writeUInt32LE(endSignature)
  const found: number[] = []
  let start = tail.length - endLength
  while (start >= 0) {
    const position = tail.lastIndexOf(signature, start)
    if (position === -1) break
    const isWhole = position + endLength + tail.readUInt16LE(position + 20) === tail.length
    // A second signature behind a fitting one lies in its comment, or is another end.
    if (isWhole) found.push(position)
    else if (found.length === 0) {
      throw invalidArchive('the comment of the zip has a wrong length or hides an end record')
    }
    start = position - 1
  }
  const [position] = found
  if (position === undefined) throw invalidArchive('the zip has no end record; it is cut short')
  if (found.length > 1) throw invalidArchive('the zip has two end records')
  return position
}

interface Zip64End extends DirectoryEnd {
  /** Where the zip64 end record itself starts. */
  readonly start: number
}

function readZip64End(
  file: ArchiveFile,
  endOffset: number,
  end: DirectoryEnd,
): Zip64End | undefined {
  const isSaturated = end.size === 0xffffffff || end.offset === 0xffffffff
  const locatorOffset = endOffset - 20
  const locator = locatorOffset < 0 ? undefined : file.readAt(locatorOffset, 20)
  if (locator?.readUInt32LE(0) !== locatorSignature) {
    if (isSaturated) throw invalidArchive('the zip64 locator is missing')
    return undefined
  }
  if (locator.readUInt32LE(4) !== 0 || locator.readUInt32LE(16) !== 1) {
    throw invalidArchive('a zip in several parts')
  }
  const start = readSafe64(locator, 8)
  if (start + 56 > locatorOffset) throw invalidArchive('the zip64 locator points nowhere')
  const record = file.readAt(start, 56)
  const length = readSafe64(record, 4) + 12
  if (record.readUInt32LE(0) !== zip64Signature || start + length !== locatorOffset) {
    throw invalidArchive('the zip64 end record is malformed')
  }
  const found = {
    start,
    count: readSafe64(record, 32),
    size: readSafe64(record, 40),
    offset: readSafe64(record, 48),
  }
  assertAgree(end, found)
  if (readSafe64(record, 24) !== found.count) throw invalidArchive('a zip in several parts')
  return found
}

function assertAgree(end: DirectoryEnd, found: Zip64End): void {
  const agrees =
    (end.count === 0xffff || end.count === found.count) &&
    (end.size === 0xffffffff || end.size === found.size) &&
    (end.offset === 0xffffffff || end.offset === found.offset)
  if (!agrees) throw invalidArchive('the two end records of the zip disagree')
}

/** A 64-bit number that JavaScript can count. */
export function readSafe64(bytes: Buffer, offset: number): number {
  const value = bytes.readBigUInt64LE(offset)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalidArchive('the zip has a size that cannot be')
  }
  return Number(value)
}
