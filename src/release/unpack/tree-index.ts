import { showName } from '../archive/archive-entry.ts'
import { foldPath, parentOf, unsafe } from './entry-path.ts'

/** What lies at a path of the tree that is being unpacked. */
export type TreeNode =
  | { readonly type: 'file' | 'directory' }
  | { readonly type: 'link'; readonly target: string }

/** The tree as it will be, kept in memory: every path is taken once, in any spelling. */
export interface TreeIndex {
  /**
   * Takes a path; answers the directories above it that are new, outermost first.
   * @throws AppError `archive-unsafe` when the path or one that reads like it is taken, or lies below a file or link.
   */
  add(path: string, node: TreeNode): string[]
  /** The root is ''. */
  find(path: string): TreeNode | undefined
  links(): Iterable<readonly [path: string, target: string]>
}

export function createTreeIndex(): TreeIndex {
  const nodes = new Map<string, TreeNode>([['', { type: 'directory' }]])
  const spellings = new Map<string, string>([['', '']])
  const announced = new Set<string>()

  function take(path: string, node: TreeNode): void {
    const folded = foldPath(path)
    const taken = spellings.get(folded)
    if (taken !== undefined) {
      throw unsafe(`the entry ${showName(path)} collides with ${showName(taken)}`)
    }
    spellings.set(folded, path)
    nodes.set(path, node)
  }

  function addParents(path: string): string[] {
    const parent = parentOf(path)
    const node = nodes.get(parent)
    if (node?.type === 'directory') return []
    if (node !== undefined) {
      throw unsafe(`the entry ${showName(path)} lies below the ${node.type} ${showName(parent)}`)
    }
    const above = addParents(parent)
    take(parent, { type: 'directory' })
    return [...above, parent]
  }

  function add(path: string, node: TreeNode): string[] {
    const created = addParents(path)
    // A directory may be named after its first file, but only once.
    const isKnownDirectory = node.type === 'directory' && nodes.get(path)?.type === 'directory'
    if (!isKnownDirectory || announced.has(path)) take(path, node)
    if (node.type === 'directory') announced.add(path)
    return isKnownDirectory || node.type !== 'directory' ? created : [...created, path]
  }

  function* links(): Generator<readonly [string, string]> {
    for (const [path, node] of nodes) if (node.type === 'link') yield [path, node.target]
  }

  return { add, find: (path) => nodes.get(path), links }
}
