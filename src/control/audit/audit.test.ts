import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { createIdentity } from '../../trust/index.ts'
import type { AuditHead, AuditRow } from '../storage/audit-records.ts'
import { canonicalJson } from './audit-entry.ts'
import { chainHash, firstHash } from './chain.ts'
import { checkHead, signHead } from './signed-head.ts'
import { witnessChain, type ChainVerdict } from './verify-chain.ts'

function chainOf(contents: readonly string[], after: AuditHead = noHead): AuditRow[] {
  let { sequence, hash } = after
  return contents.map((content) => {
    sequence += 1
    hash = chainHash(hash, content)
    return { sequence, content, hash }
  })
}

const noHead: AuditHead = { sequence: 0, hash: firstHash }
const contents = Array.from({ length: 20 }, (_, index) => canonicalJson({ at: index, what: 'x' }))
const rows = chainOf(contents)
const head = rows.at(-1) ?? noHead
const positions = [1, 2, 7, 13, 19, 20] as const

function verify(log: readonly AuditRow[], known: readonly AuditHead[] = [head]): ChainVerdict {
  const witness = witnessChain(known)
  witness.take(log)
  return witness.verdict()
}

function brokenAt(verdict: ChainVerdict): number {
  assert.equal(verdict.kind, 'broken', JSON.stringify(verdict))
  return verdict.kind === 'broken' ? verdict.sequence : 0
}

test('an untouched log is whole, also in pieces, and one that goes on from a known head', () => {
  const whole = { sequence: 20, hash: head.hash }
  assert.deepEqual(verify(rows), { kind: 'whole', head: whole })
  const witness = witnessChain([rows[6] ?? noHead])
  for (const row of rows) assert.equal(witness.take([row]), true)
  assert.deepEqual(witness.verdict(), { kind: 'whole', head: whole })
  assert.deepEqual(verify([], []), { kind: 'whole', head: noHead })
})

for (const at of positions) {
  const index = at - 1
  const rest = rows.slice(at)

  test(`entry ${at}: deleted, edited, moved, and what follows cut off: each is found there`, () => {
    assert.equal(brokenAt(verify(rows.toSpliced(index, 1))), at)
    const row = rows[index] ?? assert.fail()
    const edited = { ...row, content: row.content.replace('x', 'y') }
    assert.equal(brokenAt(verify(rows.with(index, edited))), at)
    const other = index === 0 ? 1 : index - 1
    const swapped = rows.with(index, rows[other] ?? row).with(other, row)
    assert.equal(brokenAt(verify(swapped)), Math.min(at, other + 1))
    assert.equal(brokenAt(verify(rows.slice(0, index))), at)
  })

  test(`entry ${at}: edited with every later hash made anew, only who saw the log before finds it`, () => {
    const before = rows[index - 1] ?? noHead
    const forged = chainOf(['{"forged":1}', ...rest.map(({ content }) => content)], before)
    const forked = [...rows.slice(0, index), ...forged]
    assert.equal(verify(forked, []).kind, 'whole')
    assert.equal(brokenAt(verify(forked, [head])), 20)
    assert.equal(brokenAt(verify(forked, [rows[index] ?? noHead])), at)
  })
}

test('a log put back from a backup that went on differently is found', () => {
  const restored = [...rows.slice(0, 10), ...chainOf(['{"a":1}', '{"b":1}'], rows[9])]
  assert.equal(brokenAt(verify(restored, [rows[10] ?? noHead])), 11)
  assert.equal(brokenAt(verify(restored, [head])), 13)
})

test('a signed head is good as it is, and for its own server only', (t) => {
  const folder = temporaryFolder(t)
  const identity = createIdentity(join(folder, 'a'), randomBytes)
  const other = createIdentity(join(folder, 'b'), randomBytes)
  const signed = signHead(identity, { sequence: 20, hash: head.hash, at: 5, epoch: 'e' })
  assert.equal(checkHead(signed, identity.keyHash).sequence, 20)
  assert.equal(checkHead(signed).sequence, 20)
  const wrong = [
    { ...signed, sequence: 19 },
    { ...signed, hash: firstHash },
    { ...signed, at: 6 },
    { ...signed, epoch: 'f' },
    { ...signed, signature: '' },
    { ...signed, publicKey: other.publicKey },
  ]
  for (const one of wrong) assert.throws(() => checkHead(one), { code: 'audit-broken' })
  assert.throws(() => checkHead(signed, other.keyHash), { code: 'audit-broken' })
})

test('the same entry is always the same bytes', () => {
  const one = { b: [1, { d: null, c: 'é\n' }], a: undefined, z: true }
  assert.equal(canonicalJson(one), '{"b":[1,{"c":"é\\n","d":null}],"z":true}')
  assert.equal(canonicalJson({ z: true, b: [1, { c: 'é\n', d: null }] }), canonicalJson(one))
})
