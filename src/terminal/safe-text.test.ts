import assert from 'node:assert/strict'
import test from 'node:test'

import { safeCopy, safeJson, safeLine, safeText } from './safe-text.ts'

const hostile = {
  'clears the screen': '\u001b[2J',
  'writes the clipboard': '\u001b]52;c;AAAA\u0007',
  'hides a link': '\u001b]8;;http://evil\u0007click\u001b]8;;\u0007',
  'sets the title': '\u001b]0;title\u0007',
  'overwrites the line': 'good\rbad',
  'takes back letters': 'abc\b\b\bxyz',
  'uses an 8-bit control': '\u009b2J',
  'turns the direction': 'a\u202eb',
  'isolates a direction': 'a\u2066b\u2069',
  'hides a mark': 'a\u200fb\u061cc',
  'has a zero-width space': 'a\u200bb',
  'separates lines in Unicode': 'a\u2028b',
  'has a NUL': 'a\0b',
  'has half a surrogate pair': 'a\ud800b',
  'has a delete': 'a\u007fb',
} as const

for (const [what, text] of Object.entries(hostile)) {
  test(`text that ${what} is shown harmless`, () => {
    const steering =
      // oxlint-disable-next-line no-control-regex
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/
    assert.doesNotMatch(safeText(text), steering)
    assert.doesNotMatch(safeLine(text), steering)
    assert.doesNotMatch(safeJson({ text }), steering)
  })

  test(`JSON with text that ${what} parses to the same data`, () => {
    assert.deepEqual(JSON.parse(safeJson({ text })), { text })
  })
}

test('ordinary text of any language is left alone', () => {
  for (const text of ['deploy 1.4.2', 'größer → 東京', '👍🏽 done', 'tab\tand\nnewline']) {
    assert.equal(safeText(text), text)
  }
})

test('a line shows its newlines and is cut when it is a megabyte long', () => {
  assert.equal(safeLine('a\n{"level":"info"}'), 'a\\n{"level":"info"}')
  assert.ok(safeLine('x'.repeat(1_000_000)).length < 2100)
})

test('a safe copy is deep and leaves everything but strings as it was', () => {
  const copy = safeCopy({ list: ['\u001b[2J', 1, null, undefined], 'k\u0007': { flag: true } })
  assert.deepEqual(copy, { list: ['\\x1b[2J', 1, null, undefined], 'k\\x07': { flag: true } })
})
