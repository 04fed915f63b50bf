const blockSize = 512

export interface TarParts {
  readonly name?: string | Buffer
  readonly type?: string
  readonly content?: string | Buffer
  readonly target?: string
  readonly mode?: number
  /** Written instead of the true size. */
  readonly size?: number
  readonly prefix?: string
  /** Last word on the header block, before its checksum is made. */
  readonly edit?: (block: Buffer) => void
  /** Last word after the checksum. */
  readonly spoil?: (block: Buffer) => void
}

/** One entry of a tar, byte by byte: also such as no well-behaved program writes. */
export function tarEntry(parts: TarParts): Buffer {
  const content = Buffer.from(parts.content ?? '')
  const block = Buffer.alloc(blockSize)
  block.fill(
    Buffer.from(parts.name ?? 'file'),
    0,
    Math.min(100, Buffer.from(parts.name ?? 'file').length),
  )
  writeOctal(block, 100, 7, parts.mode ?? 0o644)
  writeOctal(block, 108, 7, 0)
  writeOctal(block, 116, 7, 0)
  writeOctal(block, 124, 11, parts.size ?? content.length)
  writeOctal(block, 136, 11, 1_700_000_000)
  block.write(parts.type ?? '0', 156, 'latin1')
  block.write(parts.target ?? '', 157, 100)
  block.write('ustar\u000000', 257, 'latin1')
  block.write(parts.prefix ?? '', 345, 155)
  parts.edit?.(block)
  block.fill(0x20, 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  parts.spoil?.(block)
  return Buffer.concat([
    block,
    content,
    Buffer.alloc((blockSize - (content.length % blockSize)) % blockSize),
  ])
}

/** A pax header with these records; a value given as a Buffer is the whole record. */
export function paxEntry(records: Readonly<Record<string, string>> | Buffer, type = 'x'): Buffer {
  const content = Buffer.isBuffer(records)
    ? records
    : Buffer.from(
        Object.entries(records)
          .map(([key, value]) => paxRecord(key, value))
          .join(''),
      )
  return tarEntry({ name: 'pax', type, content })
}

export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  let length = Buffer.byteLength(rest)
  while (Buffer.byteLength(`${length}${rest}`) !== length) length += 1
  return `${length}${rest}`
}

/** A whole tar: release.json unless told otherwise, these entries, and the end mark. */
export function tarOf(
  entries: readonly Buffer[],
  manifest = '{"name":"app","version":"1"}',
): Buffer {
  const first = tarEntry({ name: 'release.json', content: manifest })
  return Buffer.concat([first, ...entries, Buffer.alloc(2 * blockSize)])
}

function writeOctal(block: Buffer, offset: number, digits: number, value: number): void {
  block.write(value.toString(8).padStart(digits, '0'), offset, digits, 'latin1')
}
