import { showName } from '../archive/archive-entry.ts'
import { parentOf, unsafe } from './entry-path.ts'
import type { TreeIndex } from './tree-index.ts'

/** As many links as the kernel follows before it says ELOOP. */
const mostLinks = 40

/**
 * Follows a link the way the kernel will, through the finished tree, from the directory it lies in.
 * @throws AppError `archive-unsafe` when it leaves the tree at any moment, runs in a circle, or ends nowhere
 * (unless `mayDangle`; what is missing must then still be inside).
 */
export function assertLinkStaysInside(tree: TreeIndex, path: string, mayDangle: boolean): void {
  const node = tree.find(path)
  if (node?.type !== 'link') return
  const walk: Walk = { tree, link: path, left: mostLinks }
  const end = follow(walk, parentOf(path), node.target)
  if (end === undefined && !mayDangle) {
    throw unsafe(`the link ${describe(walk, node.target)} points to nothing in the release`)
  }
}

interface Walk {
  readonly tree: TreeIndex
  readonly link: string
  left: number
}

/** The path a target ends at, or undefined when something on the way is not there. */
function follow(walk: Walk, from: string, target: string): string | undefined {
  assertTarget(walk, target)
  walk.left -= 1
  if (walk.left < 0) throw unsafe(`the link ${showName(walk.link)} runs in a circle`)
  let place: string | undefined = from
  for (const part of target.split('/')) {
    if (part === '..') place = goUp(walk, place, target)
    else if (place !== undefined) place = enter(walk, place, part)
  }
  return place
}

function enter(walk: Walk, place: string, part: string): string | undefined {
  const { tree } = walk
  assertDirectory(walk, place)
  if (part === '' || part === '.') return place
  const path = place === '' ? part : `${place}/${part}`
  const node = tree.find(path)
  if (node?.type === 'link') return follow(walk, place, node.target)
  return node === undefined ? undefined : path
}

function goUp(walk: Walk, place: string | undefined, target: string): string {
  // Up from a place that is not there cannot be judged.
  if (place === undefined || place === '') {
    throw unsafe(`the link ${describe(walk, target)} leaves the release`)
  }
  assertDirectory(walk, place)
  return parentOf(place)
}

/** Also `file/.` and `file/` are errors for the kernel. */
function assertDirectory(walk: Walk, place: string): void {
  if (walk.tree.find(place)?.type === 'directory') return
  throw unsafe(`the link ${showName(walk.link)} goes through a file`)
}

function assertTarget(walk: Walk, target: string): void {
  const isPlain = /^[^\\\p{Cc}]{1,4095}$/u.test(target)
  if (!isPlain) throw unsafe(`the link ${describe(walk, target)} has a malformed target`)
  if (target.startsWith('/')) throw unsafe(`the link ${describe(walk, target)} is absolute`)
}

function describe(walk: Walk, target: string): string {
  return `${showName(walk.link)} → ${showName(target)}`
}
