import assert from 'node:assert/strict'
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import * as fc from 'fast-check'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { assertLinkStaysInside } from './resolve-link.ts'
import { createTreeIndex } from './tree-index.ts'

const part = fc.constantFrom('a', 'b', 'c', '..', '.', '')
const target = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'))
const linkPlace = fc.constantFrom('a/l1', 'a/b/l2', 'l3', 'c/l4')

/** What the kernel makes of a link: whether it ends at something below the root. */
function kernelStaysInside(root: string, path: string): boolean {
  try {
    const end = realpathSync(join(root, path))
    return end === root || end.startsWith(`${root}/`)
  } catch {
    return false
  }
}

test('a link that is accepted ends inside the tree for the kernel too', (t) => {
  const folder = temporaryFolder(t)
  let number = 0
  let accepted = 0
  fc.assert(
    fc.property(fc.dictionary(linkPlace, target, { minKeys: 1 }), (links) => {
      const root = join(folder, String(number++))
      const tree = createTreeIndex()
      for (const directory of ['a', 'a/b', 'c']) {
        mkdirSync(join(root, directory), { recursive: true })
        tree.add(directory, { type: 'directory' })
      }
      writeFileSync(join(root, 'b'), '')
      tree.add('b', { type: 'file' })
      for (const [path, to] of Object.entries(links)) {
        if (to !== '') symlinkSync(to, join(root, path))
        tree.add(path, { type: 'link', target: to })
      }
      for (const path of Object.keys(links)) {
        try {
          assertLinkStaysInside(tree, path, false)
        } catch {
          continue
        }
        accepted += 1
        assert.ok(kernelStaysInside(root, path), JSON.stringify(links))
      }
    }),
    { seed: 20261120, numRuns: 400 },
  )
  assert.ok(accepted > 50)
})
