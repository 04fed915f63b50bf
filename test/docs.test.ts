import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import packageFile from '../package.json' with { type: 'json' }
import { generatedDocuments } from '../scripts/generate-docs.ts'
import { inProject, projectRoot } from '../scripts/project.ts'
import { errorCodes } from '../src/errors/index.ts'
import {
  brokenLinks,
  parseMarkdown,
  readMarkdown,
  stalePaths,
  unknownScripts,
} from './support/markdown.ts'
import { temporaryFolder } from './support/temp-folder.ts'

const documents = readMarkdown(projectRoot)

for (const { path, render } of generatedDocuments) {
  test(`${path} is what the source makes of it`, async () => {
    const stored = existsSync(inProject(path)) ? readFileSync(inProject(path), 'utf8') : ''
    assert.equal(stored, await render(), 'run `npm run docs`')
  })
}

test('every error code is used', () => {
  const sources = globSync('src/**/*.ts', { cwd: projectRoot })
    .filter((path) => !path.endsWith('.test.ts') && !/^src\/errors\/[a-z-]*codes\.ts$/.test(path))
    .map((path) => readFileSync(inProject(path), 'utf8'))
  const text = sources.join('\n')
  const unused = Object.keys(errorCodes).filter((code) => !text.includes(`'${code}'`))
  assert.equal(unused.join(' '), '')
})

test('every link in a document leads somewhere', () => {
  assert.equal(brokenLinks(projectRoot, documents).join('\n'), '')
})

test('every path that a document names exists', () => {
  assert.equal(stalePaths(projectRoot, documents).join('\n'), '')
})

test('every npm script that a document tells to run exists', () => {
  assert.equal(unknownScripts(documents, Object.keys(packageFile.scripts)).join('\n'), '')
})

test('every option that a page about the use of sluice names exists', () => {
  const reference = readFileSync(inProject('docs/cli.md'), 'utf8')
  const foreign = /(camus2|numbers)\.md$/
  const pages = globSync(['docs/use/*.md', 'README.md'], { cwd: projectRoot })
  const unknown = pages
    .filter((path) => !foreign.test(path))
    .flatMap((path) => [...readFileSync(inProject(path), 'utf8').matchAll(/--[a-z][a-z-]+/g)])
    .map(([option]) => option)
    .filter((option) => !new RegExp(`${option}(?![a-z-])`).test(reference))
  assert.equal(unknown.join(' '), '')
})

test('the documents that people look for are there', () => {
  const wanted = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'LICENSE']
  const missing = [...wanted, 'THIRD-PARTY.md'].filter((path) => !existsSync(inProject(path)))
  assert.equal(missing.join(' '), '')
})

test('THIRD-PARTY.md names every package that is shipped, with its version', () => {
  const text = readFileSync(inProject('THIRD-PARTY.md'), 'utf8')
  const missing = Object.entries(packageFile.dependencies)
    .map(([name, version]) => `| ${name} | ${version} |`)
    .filter((row) => !text.includes(row))
  assert.equal(missing.join('\n'), '')
})

test('planted faults in a document are found', (t) => {
  const root = temporaryFolder(t)
  writeFileSync(join(root, 'there.md'), '# Some Heading!\n')
  const file = parseMarkdown(
    'here.md',
    [
      '# Top',
      '[a](there.md) [b](gone.md) [c](there.md#some-heading) [d](there.md#other) [e](#top) [f](#no)',
      '[g](https://example.org) `[h](gone2.md)` `src/gone.ts` `src/<app>` `npm run nothing`',
      '```sh\nnpm run build && npm run never\n[i](gone3.md)\n```',
    ].join('\n'),
  )
  const there = parseMarkdown('there.md', '# Some Heading!\n')
  writeFileSync(join(root, 'here.md'), '')
  assert.deepEqual(brokenLinks(root, [file, there]), [
    'here.md: gone.md',
    'here.md: there.md#other',
    'here.md: #no',
  ])
  assert.deepEqual(stalePaths(root, [file]), ['here.md: src/gone.ts'])
  assert.deepEqual(unknownScripts([file], ['build']).toSorted(), [
    'here.md: npm run never',
    'here.md: npm run nothing',
  ])
})
