import assert from 'node:assert/strict'
import test from 'node:test'

import { styleFor } from './style.ts'
import { formatPairs, formatTable } from './table.ts'
import { cutTo, padTo, textWidth } from './text-width.ts'

const stream = { write: () => undefined }
const plain = styleFor({ stream, environment: {}, noColor: true, now: 0 })

function terminal(columns: number) {
  const tty = { ...stream, isTTY: true, columns }
  return styleFor({ stream: tty, environment: { TERM: 'xterm' }, noColor: false, now: 0 })
}

test('columns stand under each other whatever letters and colours are in them', () => {
  const { color } = terminal(80)
  const rows = [
    ['東京', color.green('ok')],
    ['é\u0301', 'long one'],
  ]
  const lines = formatTable({ columns: ['name', 'state'], rows }, plain).split('\n')
  assert.deepEqual(lines, ['name  state', `東京  ${color.green('ok')}`, 'é\u0301     long one'])
})

test('a table is cut to the terminal, its indent counted, and never in a file', () => {
  const table = { columns: ['a'], rows: [['x'.repeat(100)]], indent: '  ' }
  for (const line of formatTable(table, terminal(30)).split('\n')) {
    assert.ok(textWidth(line) <= 30, line)
  }
  assert.equal(textWidth(formatTable(table, plain).split('\n')[1] ?? ''), 102)
})

test('a cut text ends with a mark and switches its colour off', () => {
  const { color } = terminal(80)
  assert.equal(cutTo('abcdef', 4), 'abc…')
  assert.equal(cutTo('abcd', 4), 'abcd')
  assert.equal(cutTo('東京東京', 4), '東…')
  assert.ok(cutTo(color.red('abcdef'), 4).endsWith('…\u001b[0m'))
})

test('padding counts cells, not letters', () => {
  assert.equal(padTo('東', 4), '東  ')
  assert.equal(textWidth('👍'), 2)
})

test('pairs leave out what is not known and indent further lines', () => {
  const text = formatPairs(
    [
      ['label', 'a'],
      ['missing', undefined],
      ['at', 'x\ny'],
    ],
    plain,
  )
  assert.equal(text, '  label  a\n  at     x\n         y')
})
