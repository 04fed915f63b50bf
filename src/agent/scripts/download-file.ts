import { closeSync, constants, openSync, realpathSync, rmSync, statSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { AppError, toAppError } from '../../errors/index.ts'
import { makeDirectory, publishFile, randomText, setMode, withPath } from '../../system/index.ts'
import type { FileSource, OfferedFile } from './file-source.ts'
import type { DownloadAction } from './script-step.ts'

/**
 * Has the source fetch the file and brings it to `dest`. Without `cache` the source fetches it in any case; with it
 * only when it has nothing, or what it has does not arrive. @throws AppError; `dest` is then what it was.
 */
export async function downloadFile(
  action: DownloadAction,
  dest: string,
  { source, signal }: { readonly source: FileSource; readonly signal: AbortSignal },
): Promise<void> {
  const { cache } = action
  assertComplete(action)
  if (!cache) await source.refresh(action, signal)
  try {
    await bring(action, dest, source, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (isOfThisMachine(error)) throw error
    await source.refresh(action, signal)
    await bring(action, dest, source, signal)
  }
}

function assertComplete({ url, dest }: DownloadAction): void {
  if (url === '') throw new AppError('script-invalid', 'a download has no url')
  if (dest === '') throw new AppError('script-invalid', 'a download has no dest')
}

/** A full disk or a missing right is not mended by fetching once more. */
function isOfThisMachine(thrown: unknown): boolean {
  return ['io-failed', 'disk-full'].includes(toAppError(thrown).code)
}

async function bring(
  action: DownloadAction,
  dest: string,
  source: FileSource,
  signal: AbortSignal,
): Promise<void> {
  const offered = await source.open(action, signal)
  try {
    await receive(offered, dest, action.url)
  } finally {
    offered.body.destroy()
  }
}

async function receive(offered: OfferedFile, dest: string, url: string): Promise<void> {
  const present = statSync(dest, { throwIfNoEntry: false })
  if (present !== undefined && !present.isFile() && !present.isDirectory()) {
    return await writeInto(dest, offered, url)
  }
  await replace(offered, present === undefined ? dest : realpathSync(dest), url)
}

/** A device or a pipe, such as /dev/null, stays what it is. */
async function writeInto(path: string, offered: OfferedFile, url: string): Promise<void> {
  await writeAll(path, constants.O_WRONLY, offered, url)
}

/** The file takes the place of the one that is there when it is whole, with the same permissions. */
async function replace(offered: OfferedFile, path: string, url: string): Promise<void> {
  makeDirectory(dirname(path))
  // Not made of the file's own name, which may already be as long as a name can be.
  const temporary = join(dirname(path), `.sluice.${randomText(12)}.part`)
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  try {
    await writeAll(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, offered, url)
    const mode = statSync(path, { throwIfNoEntry: false })?.mode
    if (mode !== undefined) setMode(temporary, mode & 0o7777)
    publishFile(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

async function writeAll(
  path: string,
  flags: number,
  { body, size }: OfferedFile,
  url: string,
): Promise<void> {
  const descriptor = withPath(path, () => openSync(path, flags, 0o666))
  let received = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      withPath(path, () => writeChunk(descriptor, chunk))
      received += chunk.length
    }
  } catch (error) {
    throw cutShort(url, error)
  } finally {
    closeSync(descriptor)
  }
  if (size === undefined || received === size) return
  throw cutShort(url, new Error(`ended after ${received} of ${size} bytes`))
}

function cutShort(url: string, thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  const details = { retryable: true, cause: thrown }
  return new AppError('download-failed', `${url}: ${reason}`, details)
}

function writeChunk(descriptor: number, chunk: Buffer): void {
  let offset = 0
  while (offset < chunk.length) offset += writeSync(descriptor, chunk, offset)
}
