import assert from 'node:assert/strict'

import type { Storage } from '../../src/control/index.ts'
import { chainHash, firstHash } from '../../src/control/audit/chain.ts'
import { open, type Story } from '../support/database-under-test.ts'

const token = {
  kind: 'viewer',
  scope: 'viewer',
  hash: 'h',
  note: 'n',
  createdAt: 1,
  createdBy: 'me',
  expiresAt: 9,
}

/** What tokens and the audit log must do on every database. */
export function accessConformance(story: Story): void {
  story('a token is kept, found, listed in order, used and ended once', async (t, under) => {
    const { tokens } = await open(t, under)
    for (const id of ['b', 'a', 'c']) await tokens.add({ id, ...token })
    await tokens.add({ id: 'a', ...token, scope: 'admin' })
    const fresh = { id: 'a', ...token, usedAt: null, revokedAt: null }
    assert.deepEqual(await tokens.find(['a', 'z']), new Map([['a', fresh]]))
    const listed = await tokens.list({ after: 'a', limit: 1 })
    assert.deepEqual(
      listed.map(({ id }) => id),
      ['b'],
    )
    await tokens.noteUse(['a', 'z'], 5)
    await tokens.noteUse(['a'], 4)
    assert.equal(await tokens.revoke('a', 6), true)
    assert.equal(await tokens.revoke('a', 7), true)
    assert.equal(await tokens.revoke('z', 7), false)
    const ended = { ...fresh, usedAt: 5, revokedAt: 6 }
    assert.deepEqual(await tokens.find(['a']), new Map([['a', ended]]))
  })

  story('the audit log is one chain, whoever appends at once', async (t, under) => {
    const storage = await open(t, under)
    assert.deepEqual(await storage.audit.head(), { sequence: 0, hash: firstHash })
    const writers = Array.from({ length: 8 }, (_, writer) => appendSome(storage, writer))
    await Promise.all(writers)
    await assertOneChain(storage, 8 * 5 * 2)
  })

  story('an audit entry is there once or not at all', async (t, under) => {
    const storage = await open(t, under)
    const entry = { id: 'x', content: '{}' }
    await storage.audit.append([entry])
    await assert.rejects(storage.audit.append([{ id: 'y', content: '{}' }, entry]))
    await assertOneChain(storage, 1)
    assert.equal((await storage.audit.append([])).sequence, 1)
  })
}

async function appendSome({ audit }: Storage, writer: number): Promise<void> {
  for (let round = 0; round < 5; round++) {
    const id = `${writer}.${round}`
    await audit.append([
      { id: `${id}.a`, content: `{"a":"${id}"}` },
      { id: `${id}.b`, content: `{"b":"${id}"}` },
    ])
  }
}

export async function assertOneChain({ audit }: Storage, length: number): Promise<void> {
  const rows = await audit.list({ after: 0, limit: 1000 })
  assert.deepEqual(
    rows.map(({ sequence }) => sequence),
    Array.from({ length }, (_, index) => index + 1),
  )
  let hash = firstHash
  for (const row of rows) {
    hash = chainHash(hash, row.content)
    assert.equal(row.hash, hash)
  }
  assert.deepEqual(await audit.head(), { sequence: length, hash })
}
