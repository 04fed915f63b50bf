import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs'

import { errnoOf } from '../../errors/index.ts'
import { ioError, pathExists, replaceFile, writeWhole } from '../../system/index.ts'

/**
 * Cuts a log that other processes append to down to its last `limit` bytes once it has twice as many. Writers
 * keep their descriptor (they opened it with O_APPEND); what they write in the middle of this may be lost.
 * The first cut keeps the first `limit` bytes in the file `head`, if one is named.
 * @returns by how many bytes what is kept moved towards the beginning, when it cut.
 */
export function capLog(path: string, limit: number, head?: string): number | undefined {
  const descriptor = openLog(path)
  if (descriptor === undefined) return undefined
  try {
    if (fstatSync(descriptor).size <= 2 * limit) return undefined
    if (head !== undefined && !pathExists(head)) {
      replaceFile(head, readRange(descriptor, 0, limit))
    }
    const { bytes, end } = readGrowingTail(descriptor, limit)
    const tail = fromNextLine(bytes)
    const dropped = end - tail.length
    const notice = Buffer.from(`[${dropped} bytes of earlier output were dropped]\n`)
    ftruncateSync(descriptor, 0)
    // On a descriptor opened with O_APPEND every write goes to the end, whatever the position.
    writeWhole(descriptor, Buffer.concat([notice, tail]))
    return dropped - notice.length
  } catch (error) {
    throw ioError(path, error)
  } finally {
    closeSync(descriptor)
  }
}

/** The last bytes of a file, with what writers add while we read: only what comes between this and the cut is lost. */
function readGrowingTail(descriptor: number, length: number): { bytes: Buffer; end: number } {
  const from = fstatSync(descriptor).size - length
  let bytes = readRange(descriptor, from, length)
  for (let rounds = 0; rounds < 4; rounds++) {
    const more = readRange(descriptor, from + bytes.length, 256 * 1024)
    if (more.length === 0) break
    bytes = Buffer.concat([bytes, more])
  }
  return { bytes: bytes.subarray(-length), end: from + bytes.length }
}

/** Bytes `from` to `from + length` of an open file, fewer where it ends before. */
export function readRange(descriptor: number, from: number, length: number): Buffer {
  const buffer = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const count = readSync(descriptor, buffer, filled, length - filled, from + filled)
    if (count === 0) break
    filled += count
  }
  return buffer.subarray(0, filled)
}

/** The last `length` bytes of a file, none before `from`, as text beginning with a whole line; empty when there is none. */
export function readTail(path: string, length: number, from = 0): string {
  const descriptor = openLog(path, constants.O_RDONLY)
  if (descriptor === undefined) return ''
  try {
    const { size } = fstatSync(descriptor)
    // A log shorter than `from` was cut meanwhile.
    const start = Math.max(from > size ? 0 : from, size - length)
    const bytes = readRange(descriptor, start, size - start)
    return (start === size - length ? fromNextLine(bytes) : bytes).toString('utf8')
  } finally {
    closeSync(descriptor)
  }
}

function openLog(
  path: string,
  flags = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW,
): number | undefined {
  try {
    return openSync(path, flags)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw ioError(path, error)
  }
}

function fromNextLine(bytes: Buffer): Buffer {
  const newline = bytes.indexOf(0x0a)
  return newline === -1 || newline === bytes.length - 1 ? bytes : bytes.subarray(newline + 1)
}
