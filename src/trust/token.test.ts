import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import test from 'node:test'
import { inspect } from 'node:util'
import { crc32 } from 'node:zlib'

import { AppError } from '../errors/index.ts'
import { identityOf } from './identity.ts'
import { decodeBase62, encodeBase62 } from './text-encoding.ts'
import {
  isSameSecret,
  makeJoinToken,
  makeToken,
  parseJoinToken,
  parseToken,
  tokenKinds,
} from './token.ts'

const { keyHash } = identityOf(Buffer.alloc(32, 1))

test('a token of every kind reads back as itself, and is stored as the sha256 of its text', () => {
  for (const kind of tokenKinds) {
    const made = makeToken(kind, randomBytes)
    const text = made.text.reveal()
    const read = parseToken(text)
    assert.deepEqual([read.kind, read.id, read.hash], [kind, made.id, made.hash])
    assert.equal(read.hash, createHash('sha256').update(text).digest('hex'))
    assert.match(text, new RegExp(`^slc_${kind}_[0-9A-Za-z]{11}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$`))
  }
})

test('a join token carries the hash of the key that its holder will meet', () => {
  // Such a hash may hold "_" and "-", which also part the token.
  for (let seed = 0; seed < 200; seed++) {
    const server = identityOf(Buffer.alloc(32, seed)).keyHash
    const made = makeJoinToken(server, randomBytes)
    const read = parseJoinToken(made.text.reveal())
    assert.deepEqual([read.id, read.serverKeyHash, read.hash], [made.id, server, made.hash])
  }
})

test('the least and the greatest secret have the same length', () => {
  for (const byte of [0, 255]) {
    const token = makeToken('viewer', (length) => Buffer.alloc(length, byte))
    assert.equal(parseToken(token.text.reveal()).hash, token.hash)
  }
})

test('every single altered letter is noticed', () => {
  const text = makeToken('deployer', randomBytes).text.reveal()
  for (let at = 0; at < text.length; at++) {
    const other = text[at] === 'a' ? 'b' : 'a'
    assertRefused(() => parseToken(text.slice(0, at) + other + text.slice(at + 1)), text)
  }
})

test('whatever is not wholly a token is refused without repeating it', () => {
  const text = makeToken('admin', randomBytes).text.reveal()
  const join = makeJoinToken(keyHash, randomBytes).text.reveal()
  const wrong = [
    '',
    ' ',
    ` ${text}`,
    `${text} `,
    `${text}\n`,
    `${text}\r\n`,
    `${text}\0`,
    `\uFEFF${text}`,
    text.toUpperCase(),
    text.replace('slc', 'slj'),
    text.replace('slc', 'ghp'),
    text.slice(0, -1),
    `${text}A`,
    `${text}_${text}`,
    text.split('_').slice(0, 4).join('_'),
    text.replaceAll('_', '-'),
    rechecked(text.replace('_admin_', '_root_')),
    rechecked(text.replace('_admin_', '__')),
    rechecked(text.replace('_admin_', '_constructor_')),
    rechecked(text.replace(/_[0-9A-Za-z]{43}_/, `_${'z'.repeat(43)}_`)),
    rechecked(text.replace(/_[0-9A-Za-z]{43}_/, `_${'A'.repeat(42)}_`)),
    rechecked(text.replace(/_[0-9A-Za-z]{43}_/, `_${'A'.repeat(42)}é_`)),
    'slc_'.repeat(100_000),
    join,
  ]
  for (const input of wrong) assertRefused(() => parseToken(input), text)
})

test('a join token whose key hash is none is refused', () => {
  const text = makeJoinToken(keyHash, randomBytes).text.reveal()
  const withHash = (hash: string) => rechecked(text.replace(keyHash, hash))
  const wrong = [
    withHash(`${keyHash.slice(0, -1)}${keyHash.endsWith('9') ? 'B' : '9'}`.slice(0, 42)),
    // The last letter of 32 bytes has two bits to spare, which must be zero.
    withHash(`${keyHash.slice(0, 42)}B`),
    withHash(`${keyHash.slice(0, 42)}=`),
    withHash(`${keyHash.slice(0, 42)}+`),
    text.slice(0, -1),
    makeToken('admin', randomBytes).text.reveal(),
  ]
  for (const input of wrong) assertRefused(() => parseJoinToken(input), text)
})

test('the kind is under the stored hash: a viewer cannot call itself admin', () => {
  const made = makeToken('viewer', randomBytes)
  const claimed = parseToken(rechecked(made.text.reveal().replace('_viewer_', '_admin_')))
  assert.equal(claimed.kind, 'admin')
  assert.equal(isSameSecret(claimed.hash, made.hash), false)
  assert.equal(isSameSecret(parseToken(made.text.reveal()).hash, made.hash), true)
})

test('hashes are compared whatever their lengths', () => {
  assert.equal(isSameSecret('a', 'a'), true)
  assert.equal(isSameSecret('', ''), true)
  for (const other of ['', 'b', 'aa', 'A']) assert.equal(isSameSecret('a', other), false)
})

test('a token prints its place only', () => {
  const token = makeToken('agent', randomBytes)
  const secret = token.text.reveal().split('_')[3] ?? ''
  const shown = `${inspect(token, { depth: null, showHidden: true })}${JSON.stringify(token)}`
  assert.doesNotMatch(shown, new RegExp(secret))
  assert.match(shown, /\[secret:token\]/)
})

test('numbers of base 62 come back, and too large ones do not', () => {
  for (const hex of ['00000000', '00000001', 'ffffffff', '12345678']) {
    const bytes = Buffer.from(hex, 'hex')
    assert.equal(decodeBase62(encodeBase62(bytes, 6), 4)?.toString('hex'), hex)
  }
  assert.equal(decodeBase62('zzzzzz', 4), undefined)
  assert.equal(decodeBase62('a-b', 4), undefined)
})

/** The token with the check it would have, so that only what the test alters is wrong. */
function rechecked(text: string): string {
  const body = text.slice(0, text.lastIndexOf('_'))
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(body))
  return `${body}_${encodeBase62(sum, 6)}`
}

function assertRefused(work: () => unknown, secret: string): void {
  assert.throws(work, (error: unknown) => {
    assert.ok(error instanceof AppError)
    assert.equal(error.code, 'token-invalid')
    const shown = inspect(error)
    const parts = secret.split('_').filter((part) => part.length > 10)
    for (const part of parts) assert.ok(!shown.includes(part))
    return true
  })
}
