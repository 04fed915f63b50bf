import { invalidArchive } from './archive-file.ts'

// Extra fields of a zip (APPNOTE 4.5): a number, a length, and so many bytes, again and again.

const zip64 = 0x0001
const timestamp = 0x5455
const infoZipUnicodePath = 0x7075
const aesEncryption = 0x9901

/** The content of an extra field, or undefined. @throws AppError when it is given twice. */
export function findExtra(extras: Buffer, wanted: number): Buffer | undefined {
  let found: Buffer | undefined
  for (const { id, content } of eachExtra(extras)) {
    if (id !== wanted) continue
    if (found !== undefined) throw invalidArchive('an extra field of the zip given twice')
    found = content
  }
  return found
}

/** Checks the fields' lengths, and that none says the content is encrypted. */
export function assertPlainExtras(extras: Buffer): void {
  if (findExtra(extras, aesEncryption) !== undefined) {
    throw invalidArchive('an encrypted entry in the zip')
  }
  findExtra(extras, zip64)
}

/** The UTF-8 name that Info-ZIP keeps beside one in another encoding. */
export function unicodePath(extras: Buffer): Buffer | undefined {
  const content = findExtra(extras, infoZipUnicodePath)
  if (content !== undefined && content.length < 6) {
    throw invalidArchive('a malformed name field in the zip')
  }
  return content?.subarray(5)
}

/** Modification time in seconds since 1970, where the zip has it exactly. */
export function extendedTime(extras: Buffer): number | undefined {
  const content = findExtra(extras, timestamp)
  const hasTime = content !== undefined && content.length >= 5 && ((content[0] ?? 0) & 1) === 1
  return hasTime ? content.readInt32LE(1) : undefined
}

function* eachExtra(extras: Buffer): Generator<{ id: number; content: Buffer }> {
  let offset = 0
  while (offset < extras.length) {
    if (offset + 4 > extras.length) throw invalidArchive('a cut extra field in the zip')
    const end = offset + 4 + extras.readUInt16LE(offset + 2)
    if (end > extras.length) throw invalidArchive('a cut extra field in the zip')
    yield { id: extras.readUInt16LE(offset), content: extras.subarray(offset + 4, end) }
    offset = end
  }
}
