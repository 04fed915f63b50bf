import { showName } from './archive-entry.ts'
import { invalidArchive, type ArchiveFile } from './archive-file.ts'
import type { ZipRecord } from './zip-directory.ts'
import { readSafe64 } from './zip-end.ts'
import { findExtra } from './zip-extras.ts'

/** An entry whose local header was read too. */
export interface LocatedRecord extends ZipRecord {
  readonly dataOffset: number
}

const headerLength = 30
const hasDescriptor = 0b1000

/** How much of the file must be accounted for: `whole` allows no byte that belongs to nothing. */
export type Coverage = 'whole' | 'entries'

/**
 * Finds the data of every entry. Entries may not overlap: overlapping ones are how a small zip becomes a huge tree.
 * With coverage `whole` the local headers must also say what the directory says, and nothing may lie in between.
 */
export function locateRecords(
  file: ArchiveFile,
  records: readonly ZipRecord[],
  directoryOffset: number,
  coverage: Coverage,
): LocatedRecord[] {
  const inFile = records.toSorted((left, right) => left.headerOffset - right.headerOffset)
  let end = 0
  for (const record of inFile) {
    const isInPlace =
      coverage === 'whole' ? record.headerOffset === end : record.headerOffset >= end
    if (!isInPlace) {
      throw invalidArchive(
        `${showName(record.path)} overlaps another entry, or unknown bytes lie before it`,
      )
    }
    end = endOfRecord(file, record, coverage)
  }
  const fits = coverage === 'whole' ? end === directoryOffset : end <= directoryOffset
  if (!fits) throw invalidArchive('unknown bytes before the zip directory')
  return records.map((record) => ({ ...record, dataOffset: dataOffset(file, record) }))
}

function endOfRecord(file: ArchiveFile, record: ZipRecord, coverage: Coverage): number {
  const header = file.readAt(record.headerOffset, headerLength)
  if (header.readUInt32LE(0) !== 0x04034b50) {
    throw invalidArchive(`the header of ${showName(record.path)} is not where it should be`)
  }
  const dataEnd = dataOffset(file, record) + record.compressedSize
  if (coverage === 'entries') return dataEnd
  assertSameHeader(file, record, header)
  return (record.flags & hasDescriptor) === 0 ? dataEnd : endOfDescriptor(file, record, dataEnd)
}

function dataOffset(file: ArchiveFile, record: ZipRecord): number {
  const lengths = file.readAt(record.headerOffset + 26, 4)
  return record.headerOffset + headerLength + lengths.readUInt16LE(0) + lengths.readUInt16LE(2)
}

function assertSameHeader(file: ArchiveFile, record: ZipRecord, header: Buffer): void {
  const nameLength = header.readUInt16LE(26)
  const rest = file.readAt(record.headerOffset + headerLength, nameLength + header.readUInt16LE(28))
  const isSame =
    rest.subarray(0, nameLength).equals(record.nameBytes) &&
    header.readUInt16LE(6) === record.flags &&
    header.readUInt16LE(8) === record.method &&
    hasSameSizes(record, header, rest.subarray(nameLength))
  if (!isSame) {
    throw invalidArchive(
      `the directory of the zip and the header of ${showName(record.path)} differ`,
    )
  }
}

function hasSameSizes(record: ZipRecord, header: Buffer, extras: Buffer): boolean {
  const extra = findExtra(extras, 0x0001)
  const isWide = header.readUInt32LE(18) === 0xffffffff && header.readUInt32LE(22) === 0xffffffff
  const useExtra = isWide && extra?.length === 16
  const size = useExtra ? readSafe64(extra, 0) : header.readUInt32LE(22)
  const compressedSize = useExtra ? readSafe64(extra, 8) : header.readUInt32LE(18)
  const checksum = header.readUInt32LE(14)
  // With a descriptor the header may leave all three open.
  const isOpen = (record.flags & hasDescriptor) !== 0
  return (
    (checksum === record.checksum || (isOpen && checksum === 0)) &&
    (size === record.size || (isOpen && size === 0)) &&
    (compressedSize === record.compressedSize || (isOpen && compressedSize === 0))
  )
}

/** The descriptor after the data, in any of its four forms; one must repeat the directory exactly. */
function endOfDescriptor(file: ArchiveFile, record: ZipRecord, start: number): number {
  const bytes = file.readAt(start, Math.min(24, file.size - start))
  for (const form of descriptorForms(record)) {
    if (bytes.subarray(0, form.length).equals(form)) return start + form.length
  }
  throw invalidArchive(`the data descriptor of ${showName(record.path)} is wrong`)
}

function descriptorForms(record: ZipRecord): Buffer[] {
  const { checksum, compressedSize, size } = record
  const wide = Buffer.alloc(24)
  wide.writeUInt32LE(0x08074b50, 0)
  wide.writeUInt32LE(checksum, 4)
  wide.writeBigUInt64LE(BigInt(compressedSize), 8)
  wide.writeBigUInt64LE(BigInt(size), 16)
  if (size > 0xffffffff || compressedSize > 0xffffffff) return [wide, wide.subarray(4)]
  const narrow = Buffer.alloc(16)
  wide.copy(narrow, 0, 0, 8)
  narrow.writeUInt32LE(compressedSize, 8)
  narrow.writeUInt32LE(size, 12)
  return [wide, narrow, wide.subarray(4), narrow.subarray(4)]
}
