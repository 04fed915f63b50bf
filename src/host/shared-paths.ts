import { lstatSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { AppError } from '../errors/index.ts'
import {
  giveTo,
  isLinkTo,
  lookUpUser,
  makeDirectory,
  publishDirectory,
  removeTree,
  removeUnfinished,
  replaceFile,
} from '../system/index.ts'

/**
 * Replaces the release's shared files and directories by links to `shared/`, where they outlive releases.
 * What the first release brings becomes the shared content; later ones never overwrite it.
 */
export function linkShared(
  shared: string,
  tree: string,
  paths: { readonly files: readonly string[]; readonly directories: readonly string[] },
  user: string | undefined,
): void {
  const place = { shared, tree }
  for (const path of paths.directories)
    linkOne(place, path, 'directory', () => makeDirectory(join(shared, path)))
  for (const path of paths.files)
    linkOne(place, path, 'file', () => replaceFile(join(shared, path), ''))
  if (user === undefined) return
  const owner = lookUpUser(user)
  for (const path of [...paths.directories, ...paths.files]) giveTo(join(shared, path), owner)
}

interface Place {
  readonly shared: string
  readonly tree: string
}

type Kind = 'file' | 'directory'

function linkOne({ shared, tree }: Place, path: string, kind: Kind, create: () => void): void {
  const kept = join(shared, path)
  const inTree = join(tree, path)
  assertOwnParents(shared, path)
  for (const place of [kept, inTree]) removeUnfinished(place)
  makeDirectory(dirname(kept))
  makeDirectory(dirname(inTree))
  const isKept = assertKind(kept, path, kind)
  // An interrupted run of us has linked it already.
  if (isKept && isLinkTo(kept, inTree)) return
  const brought = assertKind(inTree, path, kind)
  if (!isKept) {
    if (brought) publishDirectory(inTree, kept)
    else create()
  }
  removeTree(inTree)
  // An absolute target stays right when staging is renamed to its final place.
  symlinkSync(kept, inTree)
}

/** Whether something is there. @throws AppError `manifest-invalid` when it is not of the kind that is shared. */
function assertKind(place: string, path: string, kind: Kind): boolean {
  const found = lstatSync(place, { throwIfNoEntry: false })
  if (found === undefined) return false
  if (kind === 'file' ? found.isFile() : found.isDirectory()) return true
  throw new AppError(
    'manifest-invalid',
    `release.json shares "${path}" as a ${kind}, and ${place} is none`,
    { hint: `say in "shared" what it is, or move ${place} away` },
  )
}

/**
 * Whoever a shared directory was given to could put a link into it, and we would write where that leads.
 * @throws AppError `manifest-invalid`
 */
function assertOwnParents(shared: string, path: string): void {
  for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) {
    const found = lstatSync(join(shared, parent), { throwIfNoEntry: false })
    if (found === undefined) continue
    if (found.isDirectory() && found.uid === process.geteuid?.()) continue
    throw new AppError(
      'manifest-invalid',
      `release.json shares "${path}", and its parent "${parent}" is shared already`,
      { hint: `share "${parent}" as a whole` },
    )
  }
}
