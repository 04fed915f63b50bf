import { createHash } from 'node:crypto'
import { closeSync, constants, createReadStream, fstatSync, ftruncateSync, openSync } from 'node:fs'
import { writeSync } from 'node:fs'
import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { withPath } from '../../system/index.ts'
import type { TakeBody } from '../../trust/index.ts'
import { refusalOf } from '../server/ask-server.ts'
import type { ServerLine } from '../server/server-line.ts'

export interface WantedArchive {
  readonly digest: string
  readonly size: number
}

/**
 * Fetches an archive into `directory`, going on with what is there of it, and checks it by its digest. Never more than its size
 * is written. Not durable: whoever takes it over makes it so.
 * @throws AppError `download-cut`, `archive-invalid`, retryable; what the server refused with.
 */
export async function fetchArchive(
  line: ServerLine,
  directory: string,
  { digest, size }: WantedArchive,
): Promise<string> {
  const path = join(directory, digest)
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW
  const descriptor = withPath(path, () => openSync(path, flags, 0o600))
  try {
    const present = fstatSync(descriptor).size
    if (present > size) ftruncateSync(descriptor)
    const from = present > size ? 0 : present
    if (from < size) await fetchRest(line, descriptor, { digest, size, from })
    if ((await digestOf(path)) === digest) return path
    // What is there is of no use, and would be the beginning of the next try.
    ftruncateSync(descriptor)
    throw new AppError('archive-invalid', `the archive ${digest} came with another content`, {
      retryable: true,
    })
  } finally {
    closeSync(descriptor)
  }
}

async function fetchRest(
  line: ServerLine,
  descriptor: number,
  { digest, size, from }: WantedArchive & { readonly from: number },
): Promise<void> {
  const headers = from === 0 ? {} : { range: `bytes=${from}-` }
  const take: TakeBody<void> = async ({ status, headers: told, length }, body) => {
    const isRest = status === 206 && told.get('content-range')?.startsWith(`bytes ${from}-`)
    if (status !== 200 && isRest !== true) throw await refused({ status, headers: told }, body)
    let at = isRest === true ? from : 0
    if (at === 0) ftruncateSync(descriptor)
    if (at + length !== size)
      throw new AppError('archive-invalid', `the server has ${at + length} bytes of ${digest}`)
    for await (const chunk of body) at += writeWholly(descriptor, chunk, at)
  }
  await line.read(`/v1/agent/releases/${digest}`, headers, take)
}

async function refused(
  head: Parameters<typeof refusalOf>[0],
  body: AsyncIterable<Buffer>,
): Promise<AppError> {
  let text = ''
  for await (const chunk of body) if (text.length < longestRefusal) text += chunk.toString('utf8')
  try {
    return refusalOf(head, JSON.parse(text) as unknown)
  } catch {
    return refusalOf(head, undefined)
  }
}

const longestRefusal = 64 * 1024

function writeWholly(descriptor: number, bytes: Buffer, at: number): number {
  let written = 0
  while (written < bytes.length)
    written += writeSync(descriptor, bytes, written, bytes.length - written, at + written)
  return bytes.length
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
