import { createHash } from 'node:crypto'
import { createReadStream, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

import { pathExists, withPath } from '../system/index.ts'

/** One file or link of a tree, as far as it matters for what the tree does. */
export interface TreeFile {
  /** Relative, with `/`. */
  readonly path: string
  /** Permission bits of a file; `linkMode` for a symbolic link. */
  readonly mode: number
  /** sha256 of the content, or of the link's target. */
  readonly digest: string
}

export interface TreeDigest {
  /** sha256 over the sorted files; empty directories and times do not count. */
  readonly treeDigest: string
  readonly files: readonly TreeFile[]
}

/** The `mode` of symbolic links: their type bits, since they have no permissions. */
export const linkMode = 0o120000

export interface DigestTreeOptions {
  /** Relative paths that are left out, with everything below them. */
  readonly exclude?: readonly string[]
  readonly signal?: AbortSignal
}

/** Digests a directory on the disk; links are not followed. */
export async function digestTree(
  directory: string,
  options: DigestTreeOptions = {},
): Promise<TreeDigest> {
  const files: TreeFile[] = []
  const excluded = new Set(options.exclude)
  for (const path of walkTree(directory, excluded)) {
    options.signal?.throwIfAborted()
    files.push(await describeFile(directory, path))
  }
  return combineFiles(files)
}

/** Describes those of the given paths that are there; what else lies in the directory is not read. */
export async function digestFiles(
  directory: string,
  paths: readonly string[],
): Promise<readonly TreeFile[]> {
  const present = paths.filter((path) => pathExists(join(directory, path)))
  const files: TreeFile[] = []
  for (const path of present) files.push(await describeFile(directory, path))
  return files
}

/** The digest of a list of files, whatever their order. */
function combineFiles(files: readonly TreeFile[]): TreeDigest {
  const sorted = files.toSorted((left, right) => compareText(left.path, right.path))
  const hash = createHash('sha256')
  for (const { path, mode, digest } of sorted) {
    hash.update(`${mode.toString(8)} ${digest} ${path}\0`)
  }
  return { treeDigest: hash.digest('hex'), files: sorted }
}

/** sha256 of a file's bytes. */
export async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
      hash.update(chunk as Buffer)
    }
  } catch (error) {
    return withPath(path, () => {
      throw error
    })
  }
  return hash.digest('hex')
}

/** By code unit, so that the order never depends on a locale. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}

function* walkTree(root: string, excluded: ReadonlySet<string>, below = ''): Generator<string> {
  const entries = withPath(join(root, below), () =>
    readdirSync(join(root, below), { withFileTypes: true }),
  )
  for (const entry of entries) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (excluded.has(path)) continue
    if (entry.isDirectory()) yield* walkTree(root, excluded, path)
    else yield path
  }
}

async function describeFile(root: string, path: string): Promise<TreeFile> {
  const full = join(root, path)
  const status = withPath(full, () => lstatSync(full))
  if (status.isSymbolicLink()) {
    const digest = digestText(withPath(full, () => readlinkSync(full)))
    return { path, mode: linkMode, digest }
  }
  const mode = status.mode & 0o777
  // Pipes and sockets that an application made have no content to read.
  if (!status.isFile()) return { path, mode: status.mode, digest: digestText('') }
  const isSmall = status.size <= 1024 * 1024
  const digest = isSmall
    ? digestBytes(withPath(full, () => readFileSync(full)))
    : await digestFile(full)
  return { path, mode, digest }
}

function digestText(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function digestBytes(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
