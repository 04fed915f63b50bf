import assert from 'node:assert/strict'
import test from 'node:test'

import { makeVisible } from './visible-text.ts'

test('what could steer a terminal or reorder text is shown instead', () => {
  assert.equal(makeVisible('a\u001b[2J\u0007\u0000\r\u007f'), 'a␛[2J␇␀␍␡')
  assert.equal(makeVisible('\u009b1m'), String.raw`\u009b1m`)
  assert.equal(makeVisible('file\u202egnp.exe'), String.raw`file\u202egnp.exe`)
})

test('ordinary text, tabs and newlines stay', () => {
  const text = 'größe\t漢字 ✓\nnext'
  assert.equal(makeVisible(text), text)
})
