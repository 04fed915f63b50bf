import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import type { Reporter } from '../../events/index.ts'
import { isDirectory, withPath } from '../../system/index.ts'
import type { ArchiveEntry } from '../archive/archive-entry.ts'
import { openArchiveFile, type ArchiveFile } from '../archive/archive-file.ts'
import { digestFile } from '../digest-tree.ts'
import type { Manifest } from '../manifest.ts'
import {
  assertManifestSize,
  manifestFile,
  missingManifest,
  readManifest,
} from '../read-manifest.ts'
import { checkEntryPath } from './entry-path.ts'
import { readArchive, type ArchiveContents } from './read-archive.ts'
import { assertLinkStaysInside } from './resolve-link.ts'
import { syncTree } from './sync-tree.ts'
import { createTreeIndex, type TreeIndex, type TreeNode } from './tree-index.ts'
import { openBudget, type UnpackBudget } from './unpack-budget.ts'
import { defaultUnpackLimits, type UnpackLimits } from './unpack-limits.ts'
import { unpackLenient } from './unpack-lenient.ts'
import { openProgress, type UnpackProgress } from './unpack-progress.ts'
import { writeDirectory, writeFile, writeLink } from './write-tree.ts'

export interface UnpackOptions {
  readonly report: Reporter
  readonly signal: AbortSignal
  /** Name of the step to report progress under. */
  readonly step: string
  /** sha256 the archive must have. */
  readonly expect?: string
  /** Bytes that must stay free on the disk that is unpacked to; 256 MiB unless given. */
  readonly floor?: number
}

export interface UnpackedTree {
  /** Files and links. */
  readonly files: number
  readonly bytes: number
}

export interface Unpacked extends UnpackedTree {
  readonly manifest: Manifest
}

/**
 * Unpacks an archive into a directory that is ours alone: it is created with mode 0700, or must be empty. First all
 * directories and files are written, then links, each checked against the finished tree. When it returns everything
 * is on the disk. When it throws, the caller removes the directory.
 * @throws AppError `archive-invalid`, `archive-unsafe`, `archive-too-large`, `digest-mismatch`, `manifest-missing`,
 * `manifest-invalid`, `disk-full`.
 */
export function unpackArchive(
  archive: string,
  directory: string,
  limits: Partial<UnpackLimits>,
  options: UnpackOptions & { readonly profile?: 'strict' },
): Promise<Unpacked>
/** Reads a zip with Camus2's tolerance; the manifest is the caller's business. */
export function unpackArchive(
  archive: string,
  directory: string,
  limits: Partial<UnpackLimits>,
  options: UnpackOptions & { readonly profile: 'camus2' },
): Promise<UnpackedTree>
export async function unpackArchive(
  archive: string,
  directory: string,
  limits: Partial<UnpackLimits>,
  options: UnpackOptions & { readonly profile?: 'strict' | 'camus2' },
): Promise<UnpackedTree> {
  const file = openArchiveFile(archive)
  try {
    await assertDigest(archive, options.expect)
    makeEmptyDirectory(directory)
    const complete = { ...defaultUnpackLimits, ...limits }
    const unpack = options.profile === 'camus2' ? unpackAsCamus2 : unpackStrictly
    return await unpack(file, directory, complete, options)
  } finally {
    file.close()
  }
}

async function unpackStrictly(
  file: ArchiveFile,
  directory: string,
  limits: UnpackLimits,
  options: UnpackOptions,
): Promise<Unpacked> {
  const contents = readArchive(file, limits)
  const unpacking: Unpacking = {
    root: directory,
    tree: createTreeIndex(),
    budget: openBudget({ directory, archiveSize: file.size, floor: options.floor }, limits),
    progress: openProgress(options, contents.announced?.bytes),
    files: [],
    directories: [''],
  }
  await writeEntries(unpacking, contents, options.signal)
  const manifest = await readUnpackedManifest(unpacking, file.name)
  const links = makeLinks(unpacking, limits.danglingLinks)
  await syncTree(directory, unpacking.files, unpacking.directories)
  unpacking.progress.end()
  const files = unpacking.files.length + links
  return { files, bytes: unpacking.progress.done(), manifest }
}

async function unpackAsCamus2(
  file: ArchiveFile,
  directory: string,
  limits: UnpackLimits,
  options: UnpackOptions,
): Promise<UnpackedTree> {
  const budget = openBudget({ directory, archiveSize: file.size, floor: options.floor }, limits)
  const { signal } = options
  const files = await unpackLenient({ file, root: directory, budget, limits, signal })
  return { files, bytes: budget.bytes() }
}

/** What is known while an archive is being unpacked. */
interface Unpacking {
  readonly root: string
  readonly tree: TreeIndex
  readonly budget: UnpackBudget
  readonly progress: UnpackProgress
  readonly files: string[]
  /** The root is ''. */
  readonly directories: string[]
}

async function writeEntries(
  unpacking: Unpacking,
  contents: ArchiveContents,
  signal: AbortSignal,
): Promise<void> {
  const { budget } = unpacking
  if (contents.announced) budget.announce(contents.announced.bytes, contents.announced.entries)
  for await (const entry of contents.entries) {
    signal.throwIfAborted()
    budget.addEntry()
    await writeEntry(unpacking, entry)
  }
}

async function writeEntry(unpacking: Unpacking, entry: ArchiveEntry): Promise<void> {
  const { root, tree, budget, progress } = unpacking
  const path = checkEntryPath(entry.path, entry.type)
  if (path === '') return
  for (const directory of tree.add(path, nodeOf(entry))) {
    writeDirectory(root, directory)
    unpacking.directories.push(directory)
  }
  if (entry.type !== 'file') return
  budget.announceFile(entry.size)
  await writeFile(root, path, entry, (count) => {
    budget.addBytes(count)
    progress.add(count)
  })
  unpacking.files.push(path)
}

function nodeOf(entry: ArchiveEntry): TreeNode {
  return entry.type === 'link' ? { type: 'link', target: entry.target } : { type: entry.type }
}

/** Makes the links, which until now do not exist; answers how many. */
function makeLinks({ root, tree }: Unpacking, mayDangle: boolean): number {
  const links = [...tree.links()]
  for (const [path] of links) assertLinkStaysInside(tree, path, mayDangle)
  for (const [path, target] of links) writeLink(root, path, target)
  return links.length
}

async function assertDigest(archive: string, expected: string | undefined): Promise<void> {
  if (expected === undefined) return
  const digest = await digestFile(archive)
  if (digest === expected) return
  throw new AppError('digest-mismatch', `${archive} is ${digest}, announced was ${expected}`, {
    hint: 'the archive was changed or damaged on its way; fetch it again',
  })
}

function makeEmptyDirectory(directory: string): void {
  withPath(directory, () => {
    if (!isDirectory(directory)) mkdirSync(directory, { mode: 0o700 })
    if (readdirSync(directory).length === 0) return
    throw new AppError('io-failed', `${directory} is not empty`)
  })
}

async function readUnpackedManifest(unpacking: Unpacking, archiveName: string): Promise<Manifest> {
  const node = unpacking.tree.find(manifestFile)
  if (node?.type !== 'file') throw missingManifest(archiveName)
  const path = join(unpacking.root, manifestFile)
  const { size } = withPath(path, () => statSync(path))
  assertManifestSize(size)
  return await readManifest(readFileSync(path), manifestFile, archiveName)
}
