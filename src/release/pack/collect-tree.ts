import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs'
import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { isDirectory, withPath } from '../../system/index.ts'
import { showName } from '../archive/archive-entry.ts'
import { compareText } from '../digest-tree.ts'
import { manifestFile, missingManifest } from '../read-manifest.ts'
import { checkEntryPath, unsafe } from '../unpack/entry-path.ts'
import { assertLinkStaysInside } from '../unpack/resolve-link.ts'
import { createTreeIndex, type TreeIndex } from '../unpack/tree-index.ts'
import { maskMode } from '../unpack/write-tree.ts'

/** One thing to pack, with everything that depends on the machine taken away. */
export type PackItem = { readonly path: string } & (
  | { readonly type: 'directory' }
  | {
      readonly type: 'file'
      readonly source: string
      readonly size: number
      readonly mode: 0o644 | 0o755
    }
  | { readonly type: 'link'; readonly target: string }
)

/**
 * What a directory holds, release.json first so that it is found quickly, then by name.
 * @throws AppError `not-found`, or `archive-unsafe` for everything that unpacking would refuse, naming it.
 */
export function collectTree(directory: string): PackItem[] {
  if (!isDirectory(directory)) throw new AppError('not-found', `there is no directory ${directory}`)
  const tree = createTreeIndex()
  const items = [...walk(directory, tree, '')]
  for (const [path] of tree.links()) assertLinkStaysInside(tree, path, false)
  const manifest = items.find(({ path }) => path === manifestFile)
  if (manifest?.type !== 'file') throw missingManifest(directory)
  const others = items.filter((item) => item !== manifest)
  return [manifest, ...others.toSorted((left, right) => compareText(left.path, right.path))]
}

export function readPackedManifest(directory: string): Buffer {
  const path = join(directory, manifestFile)
  return withPath(path, () => readFileSync(path))
}

function* walk(root: string, tree: TreeIndex, below: string): Generator<PackItem> {
  const directory = join(root, below)
  for (const name of withPath(directory, () => readdirSync(directory))) {
    const path = below === '' ? name : `${below}/${name}`
    const full = join(root, path)
    const item = toItem(
      full,
      path,
      withPath(full, () => lstatSync(full)),
    )
    checkEntryPath(path, item.type)
    tree.add(path, item.type === 'link' ? item : { type: item.type })
    yield item
    if (item.type === 'directory') yield* walk(root, tree, path)
  }
}

function toItem(source: string, path: string, status: Stats): PackItem {
  if (status.isDirectory()) return { type: 'directory', path }
  if (status.isSymbolicLink()) {
    return { type: 'link', path, target: withPath(source, () => readlinkSync(source)) }
  }
  if (!status.isFile()) throw unsafe(`${showName(path)} is not a file, directory or link`)
  const mode = maskMode(status.mode)
  return { type: 'file', path, source, size: status.size, mode }
}
