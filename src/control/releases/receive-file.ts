import { createHash } from 'node:crypto'
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { publishFile, withPath } from '../../system/index.ts'

/** A file that is whole on the disk and has no name yet. */
export interface ReceivedFile {
  readonly path: string
  readonly digest: string
  /** Makes it readable under its digest, durably. */
  publish(): void
}

interface Place {
  /** Directory of what is on its way. */
  readonly incoming: string
  readonly size: number
  /** Where the file of a digest belongs; on the same disk. */
  readonly pathOf: (digest: string) => string
}

/** Writes what comes to a private file and lets `work` decide about it. */
export async function receiveFile<Result>(
  { incoming, size, pathOf }: Place,
  content: AsyncIterable<Buffer>,
  work: (file: ReceivedFile) => Promise<Result>,
): Promise<Result> {
  const path = join(
    withPath(incoming, () => mkdtempSync(join(incoming, 'upload-'))),
    'archive',
  )
  try {
    const digest = await writeAll(path, content, size)
    return await work({ path, digest, publish: () => publishFile(path, pathOf(digest)) })
  } finally {
    rmSync(dirname(path), { recursive: true, force: true })
  }
}

/** Answers the sha256. @throws AppError `request-invalid` unless it has exactly `size` bytes. */
async function writeAll(
  path: string,
  content: AsyncIterable<Buffer>,
  size: number,
): Promise<string> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
  const descriptor = withPath(path, () => openSync(path, flags, 0o600))
  const hash = createHash('sha256')
  let length = 0
  try {
    for await (const chunk of content) {
      length += chunk.length
      if (length > size) break
      hash.update(chunk)
      withPath(path, () => writeChunk(descriptor, chunk))
    }
  } finally {
    closeSync(descriptor)
  }
  if (length === size) return hash.digest('hex')
  throw new AppError('request-invalid', `the body does not have the ${size} bytes it announced`)
}

function writeChunk(descriptor: number, chunk: Buffer): void {
  let offset = 0
  while (offset < chunk.length) offset += writeSync(descriptor, chunk, offset)
}
