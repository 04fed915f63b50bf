import { mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { withPath } from '../../system/index.ts'
import { showName, type ArchiveEntry, type FileEntry } from '../archive/archive-entry.ts'
import { invalidArchive, type ArchiveFile } from '../archive/archive-file.ts'
import { detectFormat } from '../archive/formats.ts'
import { readZip, readZipIndex } from '../archive/zip-reader.ts'
import { unsafe } from './entry-path.ts'
import type { UnpackBudget } from './unpack-budget.ts'
import type { UnpackLimits } from './unpack-limits.ts'
import { writeFile } from './write-tree.ts'

interface LenientUnpacking {
  readonly file: ArchiveFile
  readonly root: string
  readonly budget: UnpackBudget
  readonly limits: UnpackLimits
  readonly signal: AbortSignal
}

/**
 * Unpacks a zip as Camus2 does: odd names are passed over, a repeated name replaces the earlier file, a link becomes a
 * file that holds its target. Only names that would leave the directory, and bombs, are refused. Answers how many files.
 */
export async function unpackLenient(unpacking: LenientUnpacking): Promise<number> {
  const { file, budget, limits, signal } = unpacking
  if (detectFormat(file) !== 'zip') throw invalidArchive(`${file.name} is not a zip`)
  const index = readZipIndex(file, limits, 'entries')
  budget.announce(index.total, index.records.length)
  const files = new Set<string>()
  for await (const entry of readZip(file, index)) {
    signal.throwIfAborted()
    if (isPlainPath(entry.path)) await writeEntry(unpacking, entry, files)
  }
  return files.size
}

async function writeEntry(
  { root, budget }: LenientUnpacking,
  entry: ArchiveEntry,
  files: Set<string>,
): Promise<void> {
  const full = join(root, entry.path)
  const directory = entry.type === 'directory' ? full : dirname(full)
  withPath(directory, () => mkdirSync(directory, { recursive: true, mode: 0o755 }))
  if (entry.type === 'directory') return
  if (files.has(entry.path)) withPath(full, () => rmSync(full))
  const file = entry.type === 'link' ? asFile(entry.path, entry.target) : entry
  await writeFile(root, entry.path, file, (count) => budget.addBytes(count))
  files.add(entry.path)
}

function asFile(path: string, target: string): FileEntry {
  const bytes = Buffer.from(target)
  async function* content(): AsyncGenerator<Buffer> {
    yield bytes
  }
  return { type: 'file', path, size: bytes.length, mode: 0o644, modified: 0, content }
}

/** False for names Camus2 passes over. @throws AppError `archive-unsafe` for names that lead out. */
function isPlainPath(path: string): boolean {
  let depth = 0
  for (const part of path.split('/')) {
    if (part === '..') depth -= 1
    else if (part !== '' && part !== '.') depth += 1
    if (depth < 0) break
  }
  if (depth < 0 || path.startsWith('/') || path.includes('\0')) {
    throw unsafe(`the entry ${showName(path)} leads out of the release`)
  }
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}
