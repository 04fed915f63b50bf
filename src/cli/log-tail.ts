import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

import { errnoOf } from '../errors/index.ts'
import { ioError, systemClock } from '../system/index.ts'

const chunkBytes = 64 * 1024
/** Milliseconds between two looks at a followed file. */
const lookInterval = 200

export interface Tail {
  readonly lines: readonly string[]
  /** Byte after the last of them. */
  readonly end: number
}

/** The last whole lines of a file, read from its end; a missing file has none. */
export function lastLines(file: string, count: number): Tail {
  return withFile(file, { lines: [], end: 0 }, (descriptor) => {
    let start = fstatSync(descriptor).size
    let bytes = Buffer.alloc(0)
    while (start > 0 && countNewlines(bytes) <= count) {
      const length = Math.min(chunkBytes, start)
      start -= length
      bytes = Buffer.concat([readAt(descriptor, start, length), bytes])
    }
    const whole = bytes.lastIndexOf(10) + 1
    const lines = bytes.subarray(0, whole).toString('utf8').split('\n').slice(0, -1)
    return { lines: count === 0 ? [] : lines.slice(-count), end: start + whole }
  })
}

export interface FollowOptions {
  /** Byte to go on from. */
  readonly from: number
  readonly signal: AbortSignal
  readonly onLine: (line: string) => void
}

/**
 * Tells every line that is added until the signal is aborted, which is the normal end. A file that was cut
 * or replaced by its writer is read from its beginning; one that is missing is waited for.
 */
export async function followFile(file: string, options: FollowOptions): Promise<void> {
  const { signal, onLine } = options
  let position: Position = { at: options.from, inode: undefined }
  let rest = ''
  let decoder = new StringDecoder('utf8')
  while (!signal.aborted) {
    const added = readAdded(file, position)
    if (added.cut) {
      rest = ''
      decoder = new StringDecoder('utf8')
    }
    position = added.position
    const lines = (rest + decoder.write(added.bytes)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
    if (added.bytes.length === 0)
      await systemClock.sleep(lookInterval, signal).catch(() => undefined)
  }
}

interface Position {
  readonly at: number
  /** Of the file last read; a file in its place is read from its beginning. */
  readonly inode: number | undefined
}

interface Added {
  readonly bytes: Buffer
  readonly position: Position
  readonly cut: boolean
}

function readAdded(file: string, { at, inode }: Position): Added {
  const nothing = { bytes: Buffer.alloc(0), position: { at, inode }, cut: false }
  return withFile<Added>(file, nothing, (descriptor) => {
    const { size, ino } = fstatSync(descriptor)
    const cut = size < at || (inode !== undefined && ino !== inode)
    const start = cut ? 0 : at
    const bytes = readAt(descriptor, start, Math.min(chunkBytes, size - start))
    return { bytes, position: { at: start + bytes.length, inode: ino }, cut }
  })
}

function withFile<Value>(file: string, missing: Value, use: (descriptor: number) => Value): Value {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return missing
    throw ioError(file, error)
  }
  try {
    return use(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function readAt(descriptor: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  return bytes.subarray(0, readSync(descriptor, bytes, 0, length, position))
}

function countNewlines(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++
  return count
}
