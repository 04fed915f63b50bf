import { createHash } from 'node:crypto'
import { closeSync, constants, openSync, readSync, statSync, writeSync } from 'node:fs'

import { z } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import { withPath } from '../../system/index.ts'

// A backup is one file: a line that says what it is, a line of JSON about it, the database, and sha256 over all of that. It
// is as secret as the database: the servers' key and the hashes of all tokens are in it.

const headSchema = z.strictObject({
  /** Milliseconds since 1970. */
  at: z.int().min(0),
  /** Of the sluice that made it. */
  version: z.string().max(64),
  epoch: z.string().max(64),
  /** Of the database, bytes. */
  size: z.int().positive(),
})

export type BackupHead = z.infer<typeof headSchema>

const kindLine = 'sluice-backup 1\n'
const longestHead = 4096
const chunkSize = 1024 * 1024
/** `sha256:`, 64 digits, a line break. */
const sealLength = 72

/** Writes a backup of the database file `database` to `to`, which must not exist. */
export function writeBackup(database: string, to: string, head: BackupHead): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
  const target = withPath(to, () => openSync(to, flags, 0o600))
  const hash = createHash('sha256')
  const put = (bytes: Buffer): void => {
    hash.update(bytes)
    withPath(to, () => writeAll(target, bytes))
  }
  try {
    put(Buffer.from(`${kindLine}${JSON.stringify(head)}\n`))
    readPieces(database, { start: 0, length: head.size }, put)
    withPath(to, () => writeAll(target, Buffer.from(sealOf(hash.digest('hex')))))
  } finally {
    closeSync(target)
  }
}

/**
 * Checks a whole backup and writes its database to `to`, which must not exist.
 * @throws AppError `backup-invalid` for one that is none, or was cut or changed.
 */
export function readBackup(backup: string, to: string): BackupHead {
  const { size } = withPath(backup, () => statSync(backup))
  const { head, start } = readHead(backup, size)
  if (size !== start + head.size + sealLength) throw invalid(backup, 'it was cut')
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
  const target = withPath(to, () => openSync(to, flags, 0o600))
  const hash = createHash('sha256')
  try {
    readPieces(backup, { start: 0, length: start }, (bytes) => hash.update(bytes))
    readPieces(backup, { start, length: head.size }, (bytes) => {
      hash.update(bytes)
      withPath(to, () => writeAll(target, bytes))
    })
  } finally {
    closeSync(target)
  }
  let seal = ''
  const end = { start: start + head.size, length: sealLength }
  readPieces(backup, end, (bytes) => (seal += bytes.toString('latin1')))
  if (seal === sealOf(hash.digest('hex'))) return head
  throw invalid(backup, 'its checksum does not fit')
}

function readHead(backup: string, size: number): { head: BackupHead; start: number } {
  let text = ''
  const length = Math.min(size, kindLine.length + longestHead)
  readPieces(backup, { start: 0, length }, (bytes) => (text += bytes.toString('latin1')))
  const end = text.indexOf('\n', kindLine.length)
  if (!text.startsWith(kindLine) || end === -1) throw invalid(backup, 'it does not begin as one')
  const read = headSchema.safeParse(parse(text.slice(kindLine.length, end)))
  if (!read.success) throw invalid(backup, 'what it says of itself cannot be read')
  return { head: read.data, start: end + 1 }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Gives exactly `length` bytes from `start` on to `take`, piece by piece. */
function readPieces(
  path: string,
  { start, length }: { readonly start: number; readonly length: number },
  take: (bytes: Buffer) => void,
): void {
  const buffer = Buffer.allocUnsafe(Math.min(chunkSize, length))
  const descriptor = withPath(path, () => openSync(path, 'r'))
  try {
    for (let done = 0; done < length;) {
      const wanted = Math.min(buffer.length, length - done)
      const at = start + done
      const count = withPath(path, () => readSync(descriptor, buffer, 0, wanted, at))
      if (count === 0) throw invalid(path, 'it ends too early')
      take(buffer.subarray(0, count))
      done += count
    }
  } finally {
    closeSync(descriptor)
  }
}

function writeAll(descriptor: number, bytes: Buffer): void {
  let offset = 0
  while (offset < bytes.length) offset += writeSync(descriptor, bytes, offset)
}

function sealOf(digest: string): string {
  return `sha256:${digest}\n`
}

function invalid(path: string, why: string): AppError {
  return new AppError('backup-invalid', `${path} is no whole backup: ${why}`, {
    hint: 'use another one; nothing was changed',
  })
}
