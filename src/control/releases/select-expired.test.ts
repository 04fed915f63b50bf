import assert from 'node:assert/strict'
import test from 'node:test'

import { selectExpired, type Reasons } from './select-expired.ts'

const now = 1000
const rules = { keep: { count: 2 }, inUse: new Set<string>(), pinned: new Set<string>(), now }

/** `shop 3 10`: version 3 of shop, of 10 bytes; the first is the latest. */
function releases(...texts: readonly string[]) {
  return texts.map((text, index) => {
    const [name = '', version = '', size = '1'] = text.split(' ')
    return {
      digest: `${name}${version}`,
      name,
      version,
      size: Number(size),
      file: '',
      signed: null,
      publishedAt: now - index * 100,
      publishedBy: 'me',
    }
  })
}

function goes(some: ReturnType<typeof releases>, more: Partial<Reasons> = {}): string[] {
  return selectExpired(some, { ...rules, ...more }).map(({ digest }) => digest)
}

const five = releases('shop 5', 'blog 1', 'shop 4', 'shop 3', 'shop 2')

test('of each app so many are kept, whatever others have', () => {
  assert.deepEqual(goes(five), ['shop3', 'shop2'])
  assert.deepEqual(goes(five, { keep: { count: 9 } }), [])
})

test('what is in use or pinned stays, however many and old', () => {
  assert.deepEqual(goes(five, { inUse: new Set(['shop2']) }), ['shop3'])
  assert.deepEqual(goes(five, { pinned: new Set(['shop@3']) }), ['shop2'])
})

test('age and bytes make older ones go, but never the latest of an app', () => {
  assert.deepEqual(goes(five, { keep: { count: 9, age: 250 } }), ['shop3', 'shop2'])
  assert.deepEqual(goes(five, { keep: { count: 9, age: 0 } }), ['shop4', 'shop3', 'shop2'])
  const large = releases('shop 3 10', 'shop 2 10', 'shop 1 5', 'blog 1 10')
  assert.deepEqual(goes(large, { keep: { count: 9, bytes: 15 } }), ['shop2'])
  assert.deepEqual(goes(large, { keep: { count: 9, bytes: 1 } }), ['shop2', 'shop1'])
})
