import { crc32, deflateRawSync } from 'node:zlib'

/** Fields of a header that a test may set against the truth. */
export interface ZipFields {
  readonly flags?: number
  readonly method?: number
  readonly checksum?: number
  readonly compressedSize?: number
  readonly size?: number
  readonly name?: string | Buffer
  readonly extra?: Buffer
}

export interface ZipParts extends ZipFields {
  readonly content?: string | Buffer
  readonly mode?: number
  readonly madeBy?: number
  /** Stored when false; compressed by default. */
  readonly compress?: boolean
  /** Put in place of the compressed bytes. */
  readonly data?: Buffer
  /** Bytes after the data. */
  readonly descriptor?: Buffer
  /** Only in the local header. */
  readonly local?: ZipFields
  /** Only in the directory. */
  readonly central?: ZipFields & { readonly offset?: number; readonly disk?: number }
}

export interface ZipEdits {
  readonly comment?: Buffer
  readonly commentLength?: number
  readonly count?: number
  readonly diskCount?: number
  readonly disk?: number
  readonly directoryOffset?: number
  readonly directorySize?: number
  readonly prefix?: Buffer
  /** Bytes between the last entry and the directory. */
  readonly gap?: Buffer
  /** Bytes between the directory and the end record. */
  readonly beforeEnd?: (place: {
    directoryOffset: number
    directorySize: number
    at: number
  }) => Buffer
  readonly after?: Buffer
}

/** A zip, byte by byte: release.json and these entries, with any lie that a test needs. */
export function zipOf(entries: readonly ZipParts[], edits: ZipEdits = {}): Buffer {
  return bareZip(
    [{ name: 'release.json', content: '{"name":"app","version":"1"}' }, ...entries],
    edits,
  )
}

export function bareZip(entries: readonly ZipParts[], edits: ZipEdits = {}): Buffer {
  const bodies: Buffer[] = [edits.prefix ?? Buffer.alloc(0)]
  const directory: Buffer[] = []
  let offset = bodies[0]!.length
  for (const parts of entries) {
    const truth = trueFields(parts)
    const local = { ...truth, ...parts, ...parts.local }
    const body = Buffer.concat([
      localHeader(local),
      truth.data,
      parts.descriptor ?? Buffer.alloc(0),
    ])
    directory.push(centralHeader({ ...truth, ...parts, ...parts.central }, parts, offset))
    bodies.push(body)
    offset += body.length
  }
  if (edits.gap) {
    bodies.push(edits.gap)
    offset += edits.gap.length
  }
  const central = Buffer.concat(directory)
  const place = {
    directoryOffset: offset,
    directorySize: central.length,
    at: offset + central.length,
  }
  const between = edits.beforeEnd?.(place) ?? Buffer.alloc(0)
  const end = endRecord(entries.length, place, edits)
  return Buffer.concat([...bodies, central, between, end, edits.after ?? Buffer.alloc(0)])
}

export function extraField(id: number, content: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16LE(id, 0)
  head.writeUInt16LE(content.length, 2)
  return Buffer.concat([head, content])
}

/** 64-bit numbers, as zip64 extras hold them. */
export function wide(...values: number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length)
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), 8 * index)
  return bytes
}

export function descriptor(checksum: number, compressedSize: number, size: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32LE(0x08074b50, 0)
  bytes.writeUInt32LE(checksum, 4)
  bytes.writeUInt32LE(compressedSize, 8)
  bytes.writeUInt32LE(size, 12)
  return bytes
}

export function zip64End(
  place: { directoryOffset: number; directorySize: number; at: number },
  count: number,
  lies: { locator?: number; offset?: number; count?: number } = {},
): Buffer {
  const end = Buffer.alloc(56)
  end.writeUInt32LE(0x06064b50, 0)
  end.writeBigUInt64LE(44n, 4)
  end.writeBigUInt64LE(BigInt(lies.count ?? count), 24)
  end.writeBigUInt64LE(BigInt(lies.count ?? count), 32)
  end.writeBigUInt64LE(BigInt(place.directorySize), 40)
  end.writeBigUInt64LE(BigInt(lies.offset ?? place.directoryOffset), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(lies.locator ?? place.at), 8)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([end, locator])
}

type AllFields = Required<Omit<ZipFields, 'extra'>> & { readonly extra?: Buffer }

function trueFields(parts: ZipParts): AllFields & { readonly data: Buffer } {
  const content = Buffer.from(parts.content ?? '')
  const compress = parts.compress ?? true
  const data = parts.data ?? (compress ? deflateRawSync(content) : content)
  return {
    name: parts.name ?? 'file',
    flags: 0x800,
    method: compress ? 8 : 0,
    checksum: crc32(content),
    compressedSize: data.length,
    size: content.length,
    data,
  }
}

function commonFields(fields: AllFields): Buffer {
  const bytes = Buffer.alloc(26)
  bytes.writeUInt16LE(20, 0)
  bytes.writeUInt16LE(fields.flags, 2)
  bytes.writeUInt16LE(fields.method, 4)
  bytes.writeUInt16LE(0x21, 8)
  bytes.writeUInt32LE(fields.checksum, 10)
  bytes.writeUInt32LE(fields.compressedSize, 14)
  bytes.writeUInt32LE(fields.size, 18)
  bytes.writeUInt16LE(Buffer.from(fields.name).length, 22)
  bytes.writeUInt16LE(fields.extra?.length ?? 0, 24)
  return bytes
}

function localHeader(fields: AllFields): Buffer {
  return Buffer.concat([
    Buffer.from('PK\x03\x04'),
    commonFields(fields),
    Buffer.from(fields.name),
    fields.extra ?? Buffer.alloc(0),
  ])
}

function centralHeader(
  fields: AllFields & { offset?: number; disk?: number },
  parts: ZipParts,
  offset: number,
): Buffer {
  const rest = Buffer.alloc(14)
  rest.writeUInt16LE(fields.disk ?? 0, 2)
  rest.writeUInt32LE(((parts.mode ?? 0o100644) << 16) >>> 0, 6)
  rest.writeUInt32LE(fields.offset ?? offset, 10)
  const made = Buffer.from([20, parts.madeBy ?? 3])
  return Buffer.concat([
    Buffer.from('PK\x01\x02'),
    made,
    commonFields(fields),
    rest,
    Buffer.from(fields.name),
    fields.extra ?? Buffer.alloc(0),
  ])
}

function endRecord(
  count: number,
  place: { directoryOffset: number; directorySize: number },
  edits: ZipEdits,
): Buffer {
  const comment = edits.comment ?? Buffer.alloc(0)
  const record = Buffer.alloc(22)
  record.write('PK\x05\x06', 'latin1')
  record.writeUInt16LE(edits.disk ?? 0, 4)
  record.writeUInt16LE(edits.diskCount ?? edits.count ?? count, 8)
  record.writeUInt16LE(edits.count ?? count, 10)
  record.writeUInt32LE(edits.directorySize ?? place.directorySize, 12)
  record.writeUInt32LE(edits.directoryOffset ?? place.directoryOffset, 16)
  record.writeUInt16LE(edits.commentLength ?? comment.length, 20)
  return Buffer.concat([record, comment])
}
