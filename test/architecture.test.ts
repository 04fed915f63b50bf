import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test, { type TestContext } from 'node:test'

import packageFile from '../package.json' with { type: 'json' }
import { inProject } from '../scripts/project.ts'
import { findRings } from './support/architecture/rings.ts'
import {
  effectsUseTheDoors,
  facesOnlyName,
  filesAreSmall,
  findViolations,
  importsAreShipped,
  importsFollowTheTable,
  importsStayInside,
  namesSayWhat,
  type Rule,
} from './support/architecture/rules.ts'
import { readSourceTree } from './support/architecture/source-tree.ts'
import { temporaryFolder } from './support/temp-folder.ts'

const shippedImports = importsAreShipped(Object.keys(packageFile.dependencies))

const rules: readonly (readonly [string, Rule])[] = [
  ['imports follow the table and go through faces', importsFollowTheTable],
  ['imports stay inside src', importsStayInside],
  ['imports are of shipped packages and of node: modules', shippedImports],
  ['processes, environment and console are used at their doors only', effectsUseTheDoors],
  ['names of files and folders say what is in them', namesSayWhat],
  ['files are small', filesAreSmall],
  ['faces only name what others may use', facesOnlyName],
]

const source = readSourceTree(inProject('src'))

for (const [name, rule] of rules) {
  test(name, () => {
    const found = findViolations(source, [rule])
    assert.equal(found.map(({ file, reason }) => `src/${file} ${reason}`).join('\n'), '')
  })
}

test('no files import each other in a ring', () => {
  assert.equal(findRings(source).join('\n'), '')
})

/** Each row: a planted file, its text, and what must be said about it. */
const planted: readonly (readonly [string, string, RegExp])[] = [
  ['release/a.ts', `import { x } from '../host/index.ts'`, /may not import host/],
  ['release/b.ts', `import type { X } from '../cli/index.ts'`, /may not import cli/],
  ['errors/a.ts', `export { x } from '../system/index.ts'`, /may not import system/],
  ['cli/a.ts', `await import('../compat/camus2/index.ts')`, /may not import compat\/camus2/],
  ['compat/a/b.ts', `import '../c/index.ts'`, /may not import compat\/c/],
  ['host/a.ts', `import { x } from '../release/stores/store.ts'`, /past the face of release/],
  ['host/deploy/b.ts', `import { x } from '../index.ts'`, /imports its own face/],
  ['engine/a.ts', ``, /"engine", which is not in the import table/],
  ['loose.ts', ``, /lies in "", which is not in the import table/],
  ['host/c.ts', `import '../../scripts/build.ts'`, /from outside src/],
  ['host/d.ts', `import { x } from '../../test/support/x.ts'`, /from outside src/],
  ['host/e.ts', `import fs from 'fs'`, /must say node:fs/],
  ['host/f.ts', `import { file } from 'bun'`, /Bun's own module/],
  ['host/g.ts', `import { x } from 'left-pad/y'`, /left-pad\/y, which is not/],
  ['host/h.ts', `import { spawn } from 'node:child_process'`, /uses node:child_process/],
  ['host/i.ts', `x(process.env['PATH'])`, /uses process\.env/],
  ['host/j.ts', `const { env } = process`, /uses process\.env/],
  ['host/k.ts', `x(process['env'])`, /uses process\.env/],
  ['host/l.ts', `if (x) { console.log(1) }`, /uses console/],
  ['host/m.ts', `Bun.file('x')`, /uses Bun/],
  ['host/n.test.ts', `globalThis.Bun`, /uses Bun's global/],
  ['host/utils/a.ts', ``, /the name "utils" says nothing/],
  ['host/proxy-manager.ts', ``, /the name "proxy-manager" says nothing/],
  ['host/common.test.ts', ``, /the name "common" says nothing/],
  ['host/long.ts', '\n'.repeat(400) + 'x', /has 401 lines of 400/],
  ['proxy/index.ts', `${'\n'.repeat(40)}export { x } from './x.ts'`, /has 41 lines of 40/],
  ['steps/index.ts', `export * from './x.ts'`, /holds more than/],
  ['config/index.ts', `export const x = 1`, /holds more than/],
  ['host/drivers/index.ts', `export { x } from './x.ts'`, /below a domain folder/],
]

for (const [file, text, expected] of planted) {
  test(`a planted fault is found: ${file} ${expected.source}`, (t) => {
    const found = findViolations(
      plantedTree(t, { [file]: text }),
      rules.map(([, rule]) => rule),
    )
    assert.match(found.map(({ reason }) => reason).join('\n'), expected)
    assert.equal(found[0]?.file, file)
  })
}

test('what the house allows is not a fault', (t) => {
  const tree = plantedTree(t, {
    'system/run-command.ts': `import { spawn } from 'node:child_process'\nx(process.env)`,
    'system/version.ts': `import p from '../../package.json' with { type: 'json' }`,
    'system/index.ts': `export { run } from './run-command.ts'\nexport type { X } from './x.ts'`,
    'host/a.ts': `import type { ChildProcess } from 'node:child_process'\nimport { z } from 'zod/mini'`,
    'host/a.test.ts': `import { spawn } from 'node:child_process'\nimport '../../test/support/x.ts'`,
    'cli/main.ts': `await import('../compat/camus2/index.ts')\nconsole.log(process.env)`,
    'compat/camus2/main.ts': `import { x } from '../../host/index.ts'\nx(process.env)`,
  })
  assert.deepEqual(
    findViolations(
      tree,
      rules.map(([, rule]) => rule),
    ),
    [],
  )
})

test('a planted ring is found, whether static or dynamic, and types make none', (t) => {
  const tree = plantedTree(t, {
    'host/a.ts': `import { b } from './b.ts'`,
    'host/b.ts': `export { c } from './c.ts'`,
    'host/c.ts': `await import('./a.ts')`,
    'host/d.ts': `import type { E } from './e.ts'`,
    'host/e.ts': `import { d } from './d.ts'`,
  })
  assert.deepEqual(findRings(tree), ['host/a.ts → host/b.ts → host/c.ts → host/a.ts'])
})

function plantedTree(
  t: TestContext,
  files: Readonly<Record<string, string>>,
): ReturnType<typeof readSourceTree> {
  const root = temporaryFolder(t)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return readSourceTree(root)
}
