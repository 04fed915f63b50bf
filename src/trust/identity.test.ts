import assert from 'node:assert/strict'
import { createHash, createPrivateKey, createPublicKey, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { inspect } from 'node:util'

import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { AppError } from '../errors/index.ts'
import { fingerprintWords } from './fingerprint.ts'
import {
  createIdentity,
  identityOf,
  isSignedBy,
  readIdentity,
  readPublicIdentity,
  signedMessage,
} from './identity.ts'

const one = identityOf(Buffer.alloc(32, 1))
const parts = ['agent-7', Buffer.from([1, 2, 3])]

test('an identity is created once, for its owner only, and reads back as the same key', (t) => {
  const before = process.umask(0)
  t.after(() => process.umask(before))
  const file = join(temporaryFolder(t), 'state', 'identity.pem')
  const created = createIdentity(file, randomBytes)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(statSync(dirname(file)).mode & 0o777, 0o700)
  const read = readIdentity(file)
  assert.deepEqual([read.id, read.keyHash], [created.id, created.keyHash])
  const signature = read.sign('agent login', parts)
  assert.ok(isSignedBy(created, { purpose: 'agent login', parts }, signature))
  assertRefused('key-exists', () => createIdentity(file, randomBytes))
  assert.equal(readIdentity(file).id, created.id)
})

test('the file is PKCS #8 that node:crypto reads, and the pin is the hash of its SPKI', (t) => {
  const file = join(temporaryFolder(t), 'identity.pem')
  const { keyHash, publicKey } = createIdentity(file, randomBytes)
  const key = createPublicKey(createPrivateKey(readFileSync(file)))
  const spki = key.export({ format: 'der', type: 'spki' })
  assert.equal(publicKey, spki.toString('base64url'))
  assert.equal(keyHash, createHash('sha256').update(spki).digest('base64url'))
})

test('a key that others may read is refused, and the message says how to mend it', (t) => {
  const file = join(temporaryFolder(t), 'identity.pem')
  createIdentity(file, randomBytes)
  for (const mode of [0o640, 0o604, 0o660, 0o644]) {
    chmodSync(file, mode)
    const error = assertRefused('key-exposed', () => readIdentity(file))
    assert.equal(error.hint, `chmod 600 ${file}`)
  }
})

test('no file in the place of a key is taken for one, and none is quoted', (t) => {
  const folder = temporaryFolder(t)
  const pem = readPem(join(folder, 'good.pem'))
  const contents = {
    empty: '',
    text: 'canary',
    'a line more': `${pem}canary\n`,
    'a line before': `canary\n${pem}`,
    'carriage returns': pem.replaceAll('\n', '\r\n'),
    'no end of line': pem.trimEnd(),
    'another name': pem.replaceAll('PRIVATE', 'PUBLIC'),
    'one byte less': pem.replace(/.{4}(?=\n-----END)/, ''),
    'loose base64': pem.replace(/(?=\n-----END)/, '='),
    'too large': pem + ' '.repeat(100_000),
  }
  for (const [name, content] of Object.entries(contents)) {
    const file = join(folder, name)
    writeFileSync(file, content, { mode: 0o600 })
    const { message } = assertRefused('key-invalid', () => readIdentity(file))
    assert.doesNotMatch(message, /canary/)
  }
  assertRefused('io-failed', () => readIdentity(join(folder, 'absent')))
})

test('a link in the place of a new key is not followed', (t) => {
  const folder = temporaryFolder(t)
  symlinkSync(join(folder, 'target'), join(folder, 'identity.pem'))
  assertRefused('key-exists', () => createIdentity(join(folder, 'identity.pem'), randomBytes))
  assert.equal(existsSync(join(folder, 'target')), false)
})

test('a signature fits its purpose, its parts and its key, and nothing else', () => {
  const signature = one.sign('agent login', parts)
  const fits = (message: Parameters<typeof isSignedBy>[1], by = one, made = signature) =>
    isSignedBy(by, message, made)
  assert.equal(fits({ purpose: 'agent login', parts }), true)
  assert.equal(fits({ purpose: 'agent enrolment', parts }), false)
  assert.equal(fits({ purpose: 'agent login', parts: [...parts, ''] }), false)
  assert.equal(fits({ purpose: 'agent login', parts: parts.toReversed() }), false)
  assert.equal(fits({ purpose: 'agent login', parts }, identityOf(Buffer.alloc(32, 2))), false)
  for (const length of [0, 63, 65]) {
    assert.equal(fits({ purpose: 'agent login', parts }, one, Buffer.alloc(length)), false)
  }
  for (let bit = 0; bit < 512; bit++) {
    const altered = Buffer.from(signature)
    altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    assert.equal(fits({ purpose: 'agent login', parts }, one, altered), false)
  }
})

test('parts that only look alike when they are joined make different messages', () => {
  const lists = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', ''], ['', 'abc'], [], ['']]
  const messages = lists.map((list) => signedMessage('join state', list).toString('hex'))
  assert.equal(new Set(messages).size, lists.length)
})

test('a public key is read in one form only, and a weak one not at all', () => {
  const { publicKey } = one
  assert.deepEqual(readPublicIdentity(publicKey).keyHash, one.keyHash)
  const raw = Buffer.from(publicKey, 'base64url')
  const weak = (hex: string) =>
    Buffer.concat([raw.subarray(0, 12), Buffer.from(hex, 'hex')]).toString('base64url')
  const wrong = [
    '',
    `${publicKey}=`,
    ` ${publicKey}`,
    publicKey.slice(1),
    raw.subarray(12).toString('base64url'),
    Buffer.concat([raw, raw]).toString('base64url'),
    weak('00'.repeat(32)),
    weak(`01${'00'.repeat(31)}`),
    weak(`01${'00'.repeat(30)}80`),
    weak(`ec${'ff'.repeat(30)}7f`),
    weak(`ec${'ff'.repeat(31)}`),
    weak('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
  ]
  for (const text of wrong) assertRefused('key-invalid', () => readPublicIdentity(text))
})

test('an identity prints nothing of its private part', () => {
  const seed = Buffer.alloc(32, 0x41)
  const shown = inspect(identityOf(seed), { depth: null, showHidden: true })
  assert.doesNotMatch(`${shown}${JSON.stringify(identityOf(seed))}`, /AAAA|4141|QUFB/)
})

test('a fingerprint is eight words of 256, the same for ever', () => {
  const zero = Buffer.alloc(32).toString('base64url')
  assert.equal(fingerprintWords(zero), 'acid-acid-acid-acid-acid-acid-acid-acid')
  const words = new Set<string>()
  for (let byte = 0; byte < 256; byte++) {
    const hash = Buffer.alloc(32, byte).toString('base64url')
    for (const word of fingerprintWords(hash).split('-')) words.add(word)
  }
  assert.equal(words.size, 256)
  assert.ok([...words].every((word) => /^[a-z]{3,10}$/.test(word)))
  assert.equal(
    fingerprintWords(one.keyHash),
    fingerprintWords(identityOf(Buffer.alloc(32, 1)).keyHash),
  )
  assertRefused('key-invalid', () => fingerprintWords('short'))
})

function readPem(file: string): string {
  createIdentity(file, randomBytes)
  return readFileSync(file, 'latin1')
}

function assertRefused(code: string, work: () => unknown): AppError {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof AppError, String(error))
    assert.equal(error.code, code, error.message)
    return error
  }
  assert.fail(`nothing was thrown, ${code} was expected`)
}
