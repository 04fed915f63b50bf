import assert from 'node:assert/strict'
import test from 'node:test'

import { canRedraw, styleFor } from './style.ts'

const file = { write: () => undefined }
const terminal = { ...file, isTTY: true, columns: 100 }
const utf8 = { TERM: 'xterm', LANG: 'en_GB.UTF-8' }

function style(stream: typeof file, environment: Record<string, string>, noColor = false) {
  return styleFor({ stream, environment, noColor, now: 0 })
}

test('a terminal gets colour and its width, a file neither', () => {
  assert.equal(style(terminal, utf8).color.isColorSupported, true)
  assert.equal(style(terminal, utf8).width, 100)
  assert.equal(style(file, utf8).color.isColorSupported, false)
  assert.equal(style(file, utf8).width, undefined)
})

test('NO_COLOR, --no-color and a dumb terminal switch colour off; an empty NO_COLOR does not', () => {
  assert.equal(style(terminal, { ...utf8, NO_COLOR: '1' }).color.isColorSupported, false)
  assert.equal(style(terminal, { ...utf8, NO_COLOR: '' }).color.isColorSupported, true)
  assert.equal(style(terminal, utf8, true).color.isColorSupported, false)
  assert.equal(style(terminal, { TERM: 'dumb' }).color.isColorSupported, false)
})

test('a dumb terminal is not drawn over', () => {
  assert.equal(canRedraw(terminal, utf8), true)
  assert.equal(canRedraw(terminal, { TERM: 'dumb' }), false)
  assert.equal(canRedraw(file, utf8), false)
})

test('a locale that is not UTF-8 gets marks in ASCII', () => {
  assert.equal(style(terminal, { LANG: 'C' }).marks.good, '+')
  assert.equal(style(terminal, { LC_ALL: 'C', LANG: 'en_GB.UTF-8' }).marks.good, '+')
  assert.equal(style(terminal, { LANG: 'C.utf8' }).marks.good, '✓')
})
