import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'

import { AppError } from '../errors/index.ts'
import { readIfPresent, replaceFile, syncDirectory, withPath } from './atomic-file.ts'

/** A file of checksummed JSON lines that only grows. What `append` returned from is on the disk. */
export interface AppendLog {
  append(record: unknown): void
  close(): void
}

/**
 * Opens a log for appending, creating it durably. A torn last line (a crash in the middle of an append) is cut
 * off first, so that the next record does not stick to it.
 */
export function openAppendLog(path: string, mode = 0o600): AppendLog {
  return withPath(path, () => {
    const created = readIfPresent(path) === undefined
    const descriptor = openSync(
      path,
      constants.O_RDWR | constants.O_CREAT | constants.O_APPEND,
      mode,
    )
    if (created) syncDirectory(dirname(path))
    cutTornTail(path, descriptor)
    return {
      append: (record) => appendSynced(path, descriptor, record),
      close: () => closeSync(descriptor),
    }
  })
}

/**
 * The records of a log in order; a missing file has none. A torn last line is ignored.
 * @throws AppError `state-corrupt` when a line before the last does not match its checksum.
 */
export function readAppendLog(path: string): unknown[] {
  const content = readIfPresent(path)
  return content === undefined ? [] : parseFrames(path, content).records
}

/** Puts a log with these records in the place of one that grew too long; nobody may have that open for appending. */
export function replaceAppendLog(path: string, records: readonly unknown[]): void {
  replaceFile(path, records.map(frame).join(''))
}

/** One line: CRC-32 of the JSON text as eight hexadecimal digits, a space, the JSON, a newline. */
function frame(record: unknown): string {
  const text = JSON.stringify(record)
  return `${checksum(text)} ${text}\n`
}

function parseFrames(path: string, content: Buffer): { records: unknown[]; goodBytes: number } {
  const records: unknown[] = []
  let offset = 0
  while (offset < content.length) {
    const end = content.indexOf(0x0a, offset)
    const line = content.subarray(offset, end === -1 ? content.length : end).toString('utf8')
    const record = end === -1 ? undefined : parseLine(line)
    if (record === undefined) {
      const isLast = end === -1 || end === content.length - 1
      if (isLast) break
      throw new AppError('state-corrupt', `${path} is damaged at byte ${offset}`, {
        hint: 'restore the file from a backup; nothing was changed',
      })
    }
    records.push(record.value)
    offset = end + 1
  }
  return { records, goodBytes: offset }
}

function parseLine(line: string): { value: unknown } | undefined {
  const text = line.slice(9)
  if (line[8] !== ' ' || line.slice(0, 8) !== checksum(text)) return undefined
  return { value: JSON.parse(text) }
}

function cutTornTail(path: string, descriptor: number): void {
  const content = readIfPresent(path) ?? Buffer.alloc(0)
  const { goodBytes } = parseFrames(path, content)
  if (goodBytes === fstatSync(descriptor).size) return
  ftruncateSync(descriptor, goodBytes)
  fsyncSync(descriptor)
}

function appendSynced(path: string, descriptor: number, record: unknown): void {
  withPath(path, () => {
    const bytes = Buffer.from(frame(record))
    const sizeBefore = fstatSync(descriptor).size
    try {
      let offset = 0
      while (offset < bytes.length) offset += writeSync(descriptor, bytes, offset)
      fsyncSync(descriptor)
    } catch (error) {
      // Half a line must not be followed by a whole one.
      ftruncateSync(descriptor, sizeBefore)
      throw error
    }
  })
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
