import assert from 'node:assert/strict'
import test from 'node:test'

import * as fc from 'fast-check'

import { parseDocument, type DocumentSource } from './parse-document.ts'

const source = (format: 'json' | 'yaml', content: string): DocumentSource => ({
  file: 'f',
  content,
  format,
  code: 'config-invalid',
})

/** Without the missing prototypes, for comparing. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

test('JSON is read as JSON.parse reads it, or refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.json({ maxDepth: 4 }), async (text) => {
      const parsed = await parseDocument(source('json', text)).catch(() => undefined)
      if (parsed === undefined) return
      assert.deepEqual(plain(parsed.value), plain(JSON.parse(text)))
    }),
    { seed: 1, numRuns: 300 },
  )
})

test('what JSON.parse refuses is refused', async () => {
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '1',
    '-',
    '0',
    '.5',
    'e1',
    'null',
    'true',
    ' ',
    '\n',
    '\\',
    '"',
    '/',
  ]
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...pieces), { maxLength: 9 }), async (parts) => {
      const text = parts.join('')
      const accepted = await parseDocument(source('json', text)).then(
        () => true,
        () => false,
      )
      if (accepted) assert.doesNotThrow(() => JSON.parse(text), text)
    }),
    { seed: 2, numRuns: 1500 },
  )
})

test('a value and a key are found by their path', async () => {
  const json = await parseDocument(source('json', '{\n  "a": [1,\n    {"b": true}]\n}'))
  assert.deepEqual(json.locate(['a', 1, 'b']), { line: 3, column: 11 })
  assert.deepEqual(json.locateKey(['a', 1], 'b'), { line: 3, column: 6 })
  assert.deepEqual(json.locate(['a', 7]), { line: 2, column: 8 })
  const yaml = await parseDocument(source('yaml', 'a:\n  - 1\n  - b: yes\n'))
  assert.deepEqual(yaml.locate(['a', 1, 'b']), { line: 3, column: 8 })
  assert.deepEqual(yaml.locateKey(['a', 1], 'b'), { line: 3, column: 5 })
})

test('maps have no prototype, so inherited names are not there', async () => {
  const { value } = await parseDocument(source('json', '{"toString": 1, "hasOwnProperty": 2}'))
  assert.equal(Object.getPrototypeOf(value), null)
  assert.deepEqual(Object.keys(value as object), ['toString', 'hasOwnProperty'])
})

test('YAML is read by the 1.2 core schema', async () => {
  const text =
    'a: no\nb: on\nc: 010\nd: 1_000\ne: 12:30:45\nf: ~\ng: 0x1F\nh: 2026-11-20\n80: x\ni:\n'
  const { value } = await parseDocument(source('yaml', text))
  assert.deepEqual(plain(value), {
    80: 'x',
    a: 'no',
    b: 'on',
    c: 10,
    d: '1_000',
    e: '12:30:45',
    f: null,
    g: 31,
    h: '2026-11-20',
    i: null,
  })
})

test('signs that only look like anchors, aliases and tags are text', async () => {
  const { value } = await parseDocument(
    source('yaml', `a: "*b"\nb: '&c'\nc: x&y *z !w\nd: |\n  &block\n  *text\n`),
  )
  assert.deepEqual(plain(value), { a: '*b', b: '&c', c: 'x&y *z !w', d: '&block\n*text\n' })
})

test('a BOM and CRLF are accepted', async () => {
  assert.deepEqual(plain((await parseDocument(source('json', '\ufeff{"a":\r\n1}'))).value), {
    a: 1,
  })
  assert.deepEqual(plain((await parseDocument(source('yaml', '\ufeffa: 1\r\nb: 2\r\n'))).value), {
    a: 1,
    b: 2,
  })
})

test('64 levels are accepted', async () => {
  const text = `${'['.repeat(64)}${']'.repeat(64)}`
  await parseDocument(source('json', text))
  await parseDocument(source('yaml', text))
})
