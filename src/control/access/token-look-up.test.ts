import assert from 'node:assert/strict'
import test from 'node:test'

import type { StoredToken } from '../storage/token-records.ts'
import { openTokenLookUp } from './token-look-up.ts'

const token: StoredToken = {
  id: 'a',
  kind: 'viewer',
  scope: 'viewer',
  hash: 'h',
  note: '',
  createdAt: 1,
  createdBy: 'me',
  expiresAt: 9,
  usedAt: null,
  revokedAt: null,
}

/** Records in memory; each read waits until it is let through. */
function recordsUnderTest(isShared: boolean) {
  const rows = new Map([['a', token]])
  const reads: string[][] = []
  let gate = Promise.resolve()
  const tokens = {
    find: async (ids: readonly string[]) => {
      reads.push([...ids])
      const found = new Map([...rows].filter(([id]) => ids.includes(id)))
      await gate
      return found
    },
    noteUse: async (ids: readonly string[], at: number) => {
      for (const id of ids) rows.set(id, { ...token, usedAt: at })
    },
    revoke: async (id: string, at: number) => {
      const row = rows.get(id)
      if (row !== undefined) rows.set(id, { ...row, revokedAt: at })
      return row !== undefined
    },
    add: () => assert.fail(),
    list: () => assert.fail(),
  }
  return {
    reads,
    lookUp: openTokenLookUp({ tokens, isShared }),
    close: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return resolve
    },
  }
}

test('those who ask at once share a read, and a token is then remembered until it is changed', async () => {
  const { lookUp, reads } = recordsUnderTest(false)
  assert.deepEqual(await Promise.all(['a', 'a', 'z'].map((id) => lookUp.find(id))), [
    token,
    token,
    undefined,
  ])
  assert.deepEqual(reads, [['a', 'z']])
  assert.deepEqual(await lookUp.find('a'), token)
  assert.equal(reads.length, 1)
  await lookUp.noteUse('a', 5)
  assert.equal((await lookUp.find('a'))?.usedAt, 5)
  assert.equal(await lookUp.revoke('a', 6), true)
  assert.equal((await lookUp.find('a'))?.revokedAt, 6)
  assert.equal(reads.length, 3)
})

test('nothing is remembered of a database that other servers change', async () => {
  const { lookUp, reads } = recordsUnderTest(true)
  for (let count = 0; count < 3; count++) assert.deepEqual(await lookUp.find('a'), token)
  assert.equal(reads.length, 3)
})

test('a token that was read before it was revoked is not remembered after', async () => {
  const { lookUp, reads, close } = recordsUnderTest(false)
  const letThrough = close()
  const early = lookUp.find('a')
  while (reads.length === 0) await new Promise(setImmediate)
  await lookUp.revoke('a', 6)
  letThrough()
  assert.equal((await early)?.revokedAt, null)
  assert.equal((await lookUp.find('a'))?.revokedAt, 6)
})
