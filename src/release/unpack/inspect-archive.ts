import { showName, type Content } from '../archive/archive-entry.ts'
import { openArchiveFile, type ArchiveFile } from '../archive/archive-file.ts'
import { detectFormat, type ArchiveFormat } from '../archive/formats.ts'
import type { Manifest } from '../manifest.ts'
import {
  assertManifestSize,
  manifestFile,
  missingManifest,
  readManifest,
} from '../read-manifest.ts'
import { checkEntryPath, unsafe } from './entry-path.ts'
import { readArchive } from './read-archive.ts'
import { defaultUnpackLimits } from './unpack-limits.ts'

export interface InspectedArchive {
  readonly format: ArchiveFormat
  /** Bytes of the archive itself. */
  readonly size: number
  readonly manifest: Manifest
}

/**
 * Reads the manifest without unpacking anything, to plan with. Everything else is checked when the archive is
 * unpacked, which reads the manifest again.
 */
export async function inspectArchive(archive: string): Promise<InspectedArchive> {
  const file = openArchiveFile(archive)
  try {
    const format = detectFormat(file)
    const manifest = await readManifest(await findManifest(file), manifestFile, file.name)
    return { format, size: file.size, manifest }
  } finally {
    file.close()
  }
}

async function findManifest(file: ArchiveFile): Promise<Buffer> {
  const { entries } = readArchive(file, defaultUnpackLimits)
  for await (const entry of entries) {
    if (checkEntryPath(entry.path, entry.type) === manifestFile) {
      if (entry.type !== 'file') throw unsafe(`${showName(entry.path)} is a ${entry.type}`)
      assertManifestSize(entry.size)
      return await collect(entry.content())
    }
    if (entry.type === 'file') await skip(entry.content())
  }
  throw missingManifest(file.name)
}

async function collect(content: Content): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of content) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function skip(content: Content): Promise<void> {
  for await (const chunk of content) void chunk
}
