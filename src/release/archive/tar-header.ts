import { showName } from './archive-entry.ts'
import { invalidArchive } from './archive-file.ts'
import { decodeName } from './decode-name.ts'

export const blockSize = 512

const zeros = Buffer.alloc(blockSize)
const octalText = /^ *[0-7]+[\0 ]*$/

/** The fields of a tar header block that we use. */
export interface TarHeader {
  readonly path: string
  readonly linkPath: string
  readonly size: number
  readonly mode: number
  /** Seconds since 1970; undefined when it is not a plain octal number. */
  readonly modified: number | undefined
  /** `0` for an old-style file too. */
  readonly type: string
}

/** Reads a header block strictly; ustar and GNU forms only. */
export function parseTarHeader(block: Buffer): TarHeader {
  assertChecksum(block)
  const magic = block.subarray(257, 265).toString('latin1')
  if (magic !== 'ustar\u000000' && magic !== 'ustar  \0') {
    throw invalidArchive('a tar header of an unknown dialect')
  }
  // GNU keeps other things where ustar has the prefix of the path.
  const prefix = magic.startsWith('ustar\0') ? textField(block, 345, 155) : ''
  const name = textField(block, 0, 100)
  const type = String.fromCharCode(block[156] ?? 0)
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    linkPath: textField(block, 157, 100),
    size: sizeField(block),
    mode: octalField(block, 100, 8) ?? 0,
    modified: isOctal(block, 136, 12) ? octalField(block, 136, 12) : undefined,
    type: type === '\0' ? '0' : type,
  }
}

/** For at most a block. */
export function isZeroBlock(block: Buffer): boolean {
  return block.equals(zeros.subarray(0, block.length))
}

function assertChecksum(block: Buffer): void {
  let sum = 8 * 0x20
  for (let index = 0; index < blockSize; index++) {
    if (index < 148 || index >= 156) sum += block[index] ?? 0
  }
  if (octalField(block, 148, 8) !== sum) {
    throw invalidArchive('the checksum of a tar header is wrong')
  }
}

function textField(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length)
  const end = field.indexOf(0)
  if (end === -1) return decodeName(field)
  if (!isZeroBlock(field.subarray(end))) {
    throw invalidArchive('bytes hidden behind the end of a name in a tar header')
  }
  return decodeName(field.subarray(0, end))
}

function isOctal(block: Buffer, start: number, length: number): boolean {
  return octalText.test(block.toString('latin1', start, start + length))
}

/** An octal number ended by NULs or spaces; an empty field is undefined. */
function octalField(block: Buffer, start: number, length: number): number | undefined {
  const text = block.toString('latin1', start, start + length)
  if (octalText.test(text)) return Number.parseInt(text, 8)
  if (/^[\0 ]*$/.test(text)) return undefined
  throw invalidArchive(`a tar header has ${showName(text)} where an octal number belongs`)
}

/** Sizes beyond 8 GiB stand in base 256, as GNU tar writes them. */
function sizeField(block: Buffer): number {
  const first = block[124] ?? 0
  if ((first & 0x80) === 0) return octalField(block, 124, 12) ?? 0
  const value = block.readBigUInt64BE(128)
  const isSmallPositive = first === 0x80 && block.readUIntBE(125, 3) === 0
  if (!isSmallPositive || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalidArchive('a tar header has a size that cannot be')
  }
  return Number(value)
}
