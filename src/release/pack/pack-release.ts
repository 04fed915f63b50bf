import { createHash } from 'node:crypto'
import { createWriteStream, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Readable, Transform, type Duplex, type TransformCallback } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip, createZstdCompress } from 'node:zlib'

import { AppError, toAppError } from '../../errors/index.ts'
import type { Reporter } from '../../events/index.ts'
import { ioError, isDirectory, publishFile } from '../../system/index.ts'
import { formatOfName, type ArchiveFormat } from '../archive/formats.ts'
import { manifestFile, readManifest } from '../read-manifest.ts'
import { openProgress } from '../unpack/unpack-progress.ts'
import { collectTree, readPackedManifest, type PackItem } from './collect-tree.ts'
import { tarOf } from './write-tar.ts'
import { zipOf } from './write-zip.ts'

export interface PackOptions {
  /** The archive; its extension chooses the format. `NAME-VERSION.tar.gz` in the working directory unless given. */
  readonly to?: string
  readonly format?: ArchiveFormat
  /** Time that all entries get, in seconds since 1970; the start of 1980 unless given, and never before. */
  readonly modified?: number
  readonly report?: Reporter
  readonly signal?: AbortSignal
}

export interface PackedRelease {
  /** Path of the archive. */
  readonly file: string
  readonly name: string
  readonly version: string
  /** sha256 of the archive. */
  readonly digest: string
  readonly size: number
  /** Files, directories and links in it. */
  readonly entries: number
}

/** The first moment a zip can express. */
const startOf1980 = 315_532_800

/** Unpacking takes no later time. */
const startOf2100 = 4_102_444_800

/**
 * Packs a directory as a release. The same content gives the same bytes, wherever and whenever it is packed.
 * @throws AppError `not-found`, `manifest-missing`, `manifest-invalid`, or `archive-unsafe` for what could not be unpacked.
 */
export async function packRelease(
  directory: string,
  options: PackOptions = {},
): Promise<PackedRelease> {
  const modified = Math.min(Math.max(options.modified ?? startOf1980, startOf1980), startOf2100)
  const items = collectTree(directory)
  const place = join(directory, manifestFile)
  const archiveName = basename(options.to ?? '')
  const { name, version } = await readManifest(readPackedManifest(directory), place, archiveName)
  const to = options.to ?? `${name}-${version}.${options.format ?? 'tar.gz'}`
  const format = chooseFormat(to, options.format)
  if (!isDirectory(dirname(to))) {
    throw new AppError('not-found', `there is no directory ${dirname(to)} to write ${to} in`)
  }
  const temporary = join(dirname(to), `.${basename(to)}.${process.pid}.tmp`)
  try {
    const written = await write(temporary, await archiveOf(items, format, modified), options)
    publishFile(temporary, to)
    return { file: to, name, version, ...written, entries: items.length }
  } catch (error) {
    rmSync(temporary, { force: true })
    throw toAppError(ioErrorIfAny(to, error))
  }
}

function chooseFormat(to: string, format: ArchiveFormat | undefined): ArchiveFormat {
  const named = formatOfName(to)
  const chosen = format ?? named
  if (chosen === undefined) {
    throw new AppError('usage', `${basename(to)} does not say which kind of archive to make`, {
      hint: 'end the name in .tar.gz, .tar.zst, .zip or .tar',
    })
  }
  if (named !== undefined && named !== chosen) {
    throw new AppError('usage', `${basename(to)} would be named ${named} and be ${chosen}`)
  }
  return chosen
}

async function archiveOf(
  items: readonly PackItem[],
  format: ArchiveFormat,
  modified: number,
): Promise<Readable> {
  if (format === 'zip') return await zipOf(items, modified)
  const tar = tarOf(items, modified)
  if (format === 'tar') return Readable.from(tar, { objectMode: false })
  const compressor =
    format === 'tar.gz'
      ? createGzip({ level: 6 })
      : createZstdCompress({
          params: {
            [constants.ZSTD_c_compressionLevel]: 6,
            // Without it a flipped bit would go unnoticed.
            [constants.ZSTD_c_checksumFlag]: 1,
          },
        })
  void feed(tar, compressor)
  return compressor
}

/** Ends a compressor only when it is idle: zstd's would add an empty second frame otherwise. */
async function feed(tar: AsyncIterable<Buffer>, compressor: Duplex): Promise<void> {
  try {
    for await (const chunk of tar) {
      await new Promise<void>((resolve, reject) => {
        compressor.write(chunk, (error) => (error ? reject(error) : resolve()))
      })
    }
    compressor.end()
  } catch (error) {
    compressor.destroy(toAppError(error))
  }
}

async function write(
  path: string,
  archive: Readable,
  { signal, report = () => undefined }: PackOptions,
): Promise<{ digest: string; size: number }> {
  const hash = createHash('sha256')
  const progress = openProgress({ report, step: 'pack' }, undefined)
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      hash.update(chunk)
      progress.add(chunk.length)
      done(null, chunk)
    },
  })
  const file = createWriteStream(path, { flags: 'wx', mode: 0o644 })
  await pipeline(archive, counter, file, signal === undefined ? {} : { signal })
  progress.end()
  return { digest: hash.digest('hex'), size: progress.done() }
}

function ioErrorIfAny(path: string, error: unknown): unknown {
  const isSystemError = error instanceof Error && 'syscall' in error
  return isSystemError ? ioError(path, error) : error
}
