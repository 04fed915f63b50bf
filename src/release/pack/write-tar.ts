import { createReadStream } from 'node:fs'

import { AppError } from '../../errors/index.ts'
import { blockSize } from '../archive/tar-header.ts'
import type { PackItem } from './collect-tree.ts'

const largestPlainSize = 8 * 1024 ** 3 - 1

/** The bytes of a ustar archive; names and sizes that do not fit get a pax header. */
export async function* tarOf(items: readonly PackItem[], modified: number): AsyncGenerator<Buffer> {
  for (const item of items) {
    const pax = paxRecords(item)
    if (pax.length > 0) {
      yield header({ path: 'pax', type: 'x', size: pax.length, mode: 0o644, modified })
      yield padded(pax)
    }
    yield headerOf(item, modified)
    if (item.type === 'file') yield* contentOf(item)
  }
  yield Buffer.alloc(2 * blockSize)
}

interface HeaderFields {
  readonly path: string
  readonly type: '0' | '2' | '5' | 'x'
  readonly size: number
  readonly mode: number
  readonly modified: number
  readonly target?: string
}

function headerOf(item: PackItem, modified: number): Buffer {
  if (item.type === 'directory') {
    return header({ path: `${item.path}/`, type: '5', size: 0, mode: 0o755, modified })
  }
  if (item.type === 'link') {
    const { path, target } = item
    return header({ path, type: '2', size: 0, mode: 0o777, modified, target })
  }
  const size = item.size > largestPlainSize ? 0 : item.size
  return header({ path: item.path, type: '0', size, mode: item.mode, modified })
}

function header(fields: HeaderFields): Buffer {
  const block = Buffer.alloc(blockSize)
  writeText(block, 0, fields.path)
  writeOctal(block, 100, 8, fields.mode)
  writeOctal(block, 108, 8, 0)
  writeOctal(block, 116, 8, 0)
  writeOctal(block, 124, 12, fields.size)
  writeOctal(block, 136, 12, fields.modified)
  block.write(fields.type, 156, 'latin1')
  writeText(block, 157, fields.target ?? '')
  block.write('ustar\u000000', 257, 'latin1')
  writeOctal(block, 329, 8, 0)
  writeOctal(block, 337, 8, 0)
  block.fill(0x20, 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** Fills a field of 100 bytes with whole characters only. */
function writeText(block: Buffer, offset: number, text: string): void {
  block.write(text, offset, 100, 'utf8')
}

function writeOctal(block: Buffer, offset: number, length: number, value: number): void {
  block.write(value.toString(8).padStart(length - 1, '0'), offset, length - 1, 'latin1')
}

function paxRecords(item: PackItem): Buffer {
  const path = item.type === 'directory' ? `${item.path}/` : item.path
  const records: string[] = []
  if (Buffer.byteLength(path) > 100) records.push(paxRecord('path', path))
  if (item.type === 'link' && Buffer.byteLength(item.target) > 100) {
    records.push(paxRecord('linkpath', item.target))
  }
  if (item.type === 'file' && item.size > largestPlainSize) {
    records.push(paxRecord('size', String(item.size)))
  }
  return Buffer.from(records.join(''))
}

/** The length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  const length = Buffer.byteLength(rest)
  const digits = String(length + String(length).length).length
  return `${length + digits}${rest}`
}

async function* contentOf(item: PackItem & { readonly type: 'file' }): AsyncGenerator<Buffer> {
  let size = 0
  for await (const chunk of createReadStream(item.source)) {
    size += (chunk as Buffer).length
    yield chunk as Buffer
  }
  if (size !== item.size) {
    throw new AppError('io-failed', `${item.source} changed while it was packed`, {
      retryable: true,
    })
  }
  yield Buffer.alloc((blockSize - (size % blockSize)) % blockSize)
}

function padded(bytes: Buffer): Buffer {
  const padding = Buffer.alloc((blockSize - (bytes.length % blockSize)) % blockSize)
  return Buffer.concat([bytes, padding])
}
