import { createHash, randomBytes } from 'node:crypto'

import { publicKeyLine, type SigningPublicKey } from '../../src/trust/minisign/public-key.ts'
import { makeSigningKey, type SigningKey } from '../../src/trust/minisign/signing-key.ts'
import {
  cosignRelease,
  signRelease,
  type SignedStatement,
} from '../../src/trust/release/sign-release.ts'
import { formatStatement, type ReleaseStatement } from '../../src/trust/release/statement.ts'
import { verifyRelease, type SigningPolicy } from '../../src/trust/release/verify-release.ts'

// Statements and signatures, good and bad, for every runtime that the program runs on.

export const one = await makeKey(1)
export const two = await makeKey(2)
export const three = await makeKey(3)
export const stranger = await makeKey(4)

const now = Date.parse('2026-11-20T12:00:00Z')
const archive = { sha256: 'ab'.repeat(32), size: 48_213 }
export const said: ReleaseStatement = {
  app: 'shop',
  version: '1.4.2',
  sequence: 100,
  created: '2026-11-20T11:00:00Z',
  expires: '2026-12-20T11:00:00Z',
  archive,
  minSluice: '0.1.0',
}
const policy: SigningPolicy = {
  keys: [one.public],
  threshold: 1,
  app: 'shop',
  lowestSequence: 100,
  archive,
  sluice: '0.1.0',
  now,
}
export const good = await signRelease(one, said)
export const both = await cosignRelease(two, good)
const comment = 'sluice release app:shop sequence:100 version:1.4.2'

/** What differs from a release that is good. */
export interface Attempt {
  readonly signed?: SignedStatement
  readonly statement?: Uint8Array
  readonly signature?: string | Uint8Array
  readonly policy?: Partial<SigningPolicy>
}

const text = good.signature.toString('utf8')
const [untrusted = '', line = '', trusted = '', last = ''] = text.split('\n')
const lines = (...parts: readonly string[]) => `${parts.join('\n')}\n`

/** The statement with other bytes, signed as it is by the trusted key. */
const signedBytes = (content: string | Uint8Array, about = comment): Attempt => {
  const statement = Buffer.from(content)
  return { statement, signature: handSigned(one, statement, about) }
}
/** Another statement than the usual one, signed with the comment that fits the usual one unless told. */
const signedAs = (change: Readonly<Record<string, unknown>>, about = comment): Attempt =>
  signedBytes(JSON.stringify({ ...said, ...change }), about)
const altered = (change: (statement: string) => string): Attempt => ({
  statement: Buffer.from(change(good.statement.toString('utf8'))),
})
const flipped = (base64: string, at: number): string => {
  const bytes = Buffer.from(base64, 'base64')
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes.toString('base64')
}
const legacySignature = handSigned(one, good.statement, comment, 'Ed')

/** Releases that must be refused, and with which code. */
export const mustFail: readonly (readonly [name: string, code: string, attempt: Attempt])[] = [
  // who signed
  ['no key is trusted', 'signature-unknown-key', { policy: { keys: [] } }],
  ['only another key is trusted', 'signature-unknown-key', { policy: { keys: [two.public] } }],
  ['a stranger signed', 'signature-unknown-key', { signed: await signRelease(stranger, said) }],
  ['two must sign, one did', 'signature-threshold', { policy: { ...k(2, one, two) } }],
  [
    'three must sign, two did',
    'signature-threshold',
    { signed: both, policy: k(3, one, two, three) },
  ],
  [
    'the second signer is a stranger',
    'signature-threshold',
    { signed: await cosignRelease(stranger, good), policy: k(2, one, two) },
  ],
  [
    'one key signed twice',
    'signature-threshold',
    { signature: text + text, policy: k(2, one, two) },
  ],
  [
    'one key signed twice, with both comments new',
    'signature-threshold',
    { signature: text + handSigned(one, good.statement, comment), policy: k(2, one, two) },
  ],
  [
    'one key is trusted under two names',
    'signature-threshold',
    {
      signature: text + handSigned(renamed(one), good.statement, comment),
      policy: { threshold: 2, keys: [one.public, renamed(one).public] },
    },
  ],
  [
    'more must sign than keys are trusted',
    'signature-threshold',
    { signed: both, policy: k(3, one, two) },
  ],
  ['nobody must sign', 'signature-threshold', { policy: { threshold: 0 } }],
  ['fewer than nobody must sign', 'signature-threshold', { policy: { threshold: -1 } }],
  ['half a key must sign', 'signature-threshold', { policy: { threshold: 0.5 } }],
  ['the threshold is no number', 'signature-threshold', { policy: { threshold: Number.NaN } }],
  ['the key is revoked', 'signature-revoked-key', { policy: { revoked: [one.public.keyId] } }],
  [
    'one of two keys is revoked',
    'signature-revoked-key',
    { signed: both, policy: { ...k(2, one, two), revoked: [two.public.keyId] } },
  ],
  [
    'both keys are revoked',
    'signature-revoked-key',
    { signed: both, policy: { ...k(1, one, two), revoked: [one.public.keyId, two.public.keyId] } },
  ],
  [
    'a stranger bears the id of the trusted key',
    'signature-wrong',
    { signature: handSigned(renamed(stranger, one.public.keyId), good.statement, comment) },
  ],
  [
    'the trusted key bears the id of a stranger',
    'signature-unknown-key',
    { signature: handSigned(renamed(one, stranger.public.keyId), good.statement, comment) },
  ],
  [
    'the key id is altered',
    'signature-unknown-key',
    { signature: lines(untrusted, flipped(line, 2), trusted, last) },
  ],
  [
    'a good signature stands beside one that does not fit',
    'signature-wrong',
    { signature: text + handSigned(two, Buffer.from('x'), comment), policy: k(1, one, two) },
  ],
  ['the key is a weak one that fits everything', 'signature-wrong', weakKeyAttempt()],

  // the signature
  [
    'the signature is altered at its start',
    'signature-wrong',
    { signature: lines(untrusted, flipped(line, 10), trusted, last) },
  ],
  [
    'the signature is altered at its end',
    'signature-wrong',
    { signature: lines(untrusted, flipped(line, 73), trusted, last) },
  ],
  [
    'the signature is all zeros',
    'signature-wrong',
    { signature: lines(untrusted, zeroed(line, 10, 74), trusted, last) },
  ],
  [
    'the signature is another one of the key',
    'signature-wrong',
    { signature: handSigned(one, Buffer.from('other'), comment) },
  ],
  [
    'the scalar of the signature is not reduced',
    'signature-wrong',
    { signature: lines(untrusted, unreduced(line), trusted, last) },
  ],
  [
    'the prehashed signature calls itself legacy',
    'signature-wrong',
    {
      signature: lines(
        untrusted,
        Buffer.from(line, 'base64').fill('Ed', 0, 2).toString('base64'),
        trusted,
        last,
      ),
      policy: { allowLegacy: true },
    },
  ],
  ['the legacy signature calls itself prehashed', 'signature-wrong', { signature: legacyAs('ED') }],
  ['the signature is a legacy one', 'signature-legacy', { signature: legacySignature }],
  [
    'of two signatures one is a legacy one',
    'signature-legacy',
    { signature: text + handSigned(two, good.statement, comment, 'Ed'), policy: k(1, one, two) },
  ],
  [
    'the trusted comment is altered',
    'signature-wrong',
    { signature: lines(untrusted, line, trusted.replace('100', '101'), last) },
  ],
  [
    'the trusted comment is longer by a space',
    'signature-wrong',
    { signature: lines(untrusted, line, `${trusted} `, last) },
  ],
  [
    'the trusted comment is empty',
    'signature-wrong',
    { signature: lines(untrusted, line, 'trusted comment: ', last) },
  ],
  [
    'the trusted comment is of another signature',
    'signature-wrong',
    {
      signature: lines(
        untrusted,
        line,
        ...handSigned(one, Buffer.from('x'), comment).split('\n').slice(2, 4),
      ),
    },
  ],
  [
    'the signature of the comment is altered',
    'signature-wrong',
    { signature: lines(untrusted, line, trusted, flipped(last, 0)) },
  ],
  [
    'the comment is not signed by the key',
    'signature-wrong',
    {
      signature: lines(
        untrusted,
        line,
        ...handSigned(stranger, good.statement, comment).split('\n').slice(2, 4),
      ),
    },
  ],

  // the form of the file
  ['the file is empty', 'signature-malformed', { signature: '' }],
  ['the file is one empty line', 'signature-malformed', { signature: '\n' }],
  ['the file is four empty lines', 'signature-malformed', { signature: '\n\n\n\n' }],
  ['the file is JSON', 'signature-malformed', { signature: '{"signature":"x"}' }],
  [
    'the comment of the signature is missing',
    'signature-malformed',
    { signature: lines(untrusted, line) },
  ],
  [
    'the last line is missing',
    'signature-malformed',
    { signature: lines(untrusted, line, trusted) },
  ],
  ['the first line is missing', 'signature-malformed', { signature: lines(line, trusted, last) }],
  ['a fifth line follows', 'signature-malformed', { signature: `${text}more\n` }],
  ['a letter follows', 'signature-malformed', { signature: `${text}x` }],
  ['an empty line follows', 'signature-malformed', { signature: `${text}\n` }],
  ['an empty line goes before', 'signature-malformed', { signature: `\n${text}` }],
  [
    'half a second signature follows',
    'signature-malformed',
    { signature: text + lines(untrusted, line) },
  ],
  ['four lines of rubbish follow', 'signature-malformed', { signature: `${text}a\nb\nc\nd\n` }],
  ['a zero byte follows', 'signature-malformed', { signature: `${text}\0` }],
  ['lines end as on Windows', 'signature-malformed', { signature: text.replaceAll('\n', '\r\n') }],
  ['lines end as on old Macs', 'signature-malformed', { signature: text.replaceAll('\n', '\r') }],
  [
    'one line ends as on Windows',
    'signature-malformed',
    { signature: lines(untrusted, `${line}\r`, trusted, last) },
  ],
  [
    'a return hides a second comment',
    'signature-malformed',
    { signature: lines(untrusted, line, `trusted comment: fine\r${trusted}`, last) },
  ],
  [
    'a Unicode line end hides a line',
    'signature-malformed',
    { signature: lines(untrusted, line, `${trusted}\u2028x`, last) },
  ],
  [
    'the comment colours the terminal',
    'signature-malformed',
    { signature: handSigned(one, good.statement, '\u001b[2J') },
  ],
  ['a byte order mark goes before', 'signature-malformed', { signature: `\uFEFF${text}` }],
  ['the file is UTF-16', 'signature-malformed', { signature: Buffer.from(text, 'utf16le') }],
  [
    'a comment is not UTF-8',
    'signature-malformed',
    {
      signature: Buffer.concat([
        Buffer.from(untrusted),
        Buffer.from([0xff]),
        Buffer.from(text.slice(untrusted.length)),
      ]),
    },
  ],
  [
    'base64 has spaces',
    'signature-malformed',
    { signature: lines(untrusted, `${line} `, trusted, last) },
  ],
  [
    'base64 lacks its padding',
    'signature-malformed',
    { signature: lines(untrusted, line, trusted, last.replace(/=+$/, '')) },
  ],
  [
    'base64 has too much padding',
    'signature-malformed',
    { signature: lines(untrusted, line, trusted, `${last}==`) },
  ],
  [
    'base64 has loose bits at its end',
    'signature-malformed',
    { signature: lines(untrusted, line, trusted, looseBits(last)) },
  ],
  ['base64 is of the kind for URLs', 'signature-malformed', { signature: urlKind() }],
  [
    'base64 holds a strange letter',
    'signature-malformed',
    { signature: lines(untrusted, line, trusted, `!${last.slice(1)}`) },
  ],
  [
    'the signature is a byte short',
    'signature-malformed',
    { signature: lines(untrusted, resized(line, -1), trusted, last) },
  ],
  [
    'the signature is a byte long',
    'signature-malformed',
    { signature: lines(untrusted, resized(line, 1), trusted, last) },
  ],
  [
    'the signature of the comment is a byte short',
    'signature-malformed',
    { signature: lines(untrusted, line, trusted, resized(last, -1)) },
  ],
  [
    'the algorithm is unknown',
    'signature-malformed',
    {
      signature: lines(
        untrusted,
        Buffer.from(line, 'base64').fill('RS', 0, 2).toString('base64'),
        trusted,
        last,
      ),
    },
  ],
  [
    'the comments stand in each other’s place',
    'signature-malformed',
    { signature: lines(trusted, line, untrusted, last) },
  ],
  [
    'the label of the comment has a capital',
    'signature-malformed',
    { signature: lines(untrusted, line, `T${trusted.slice(1)}`, last) },
  ],
  [
    'the label of the comment lacks its space',
    'signature-malformed',
    { signature: lines(untrusted, line, trusted.replace(': ', ':'), last) },
  ],
  [
    'the comment is overlong',
    'signature-malformed',
    { signature: handSigned(one, good.statement, 'x'.repeat(9000)) },
  ],
  ['the file is huge', 'signature-malformed', { signature: text.repeat(1000) }],
  ['the file is a huge line', 'signature-malformed', { signature: 'x'.repeat(10_000_000) }],
  [
    'the file is a secret key',
    'signature-malformed',
    { signature: (await makeSigningKey(randomBytes)).file },
  ],
  [
    'the file is a public key',
    'signature-malformed',
    { signature: `untrusted comment: x\n${publicKeyLine(one.public)}\n` },
  ],

  // the statement
  [
    'a digit of the statement is altered',
    'signature-wrong',
    altered((it) => it.replace('100', '101')),
  ],
  ['a space is added to the statement', 'signature-wrong', altered((it) => `${it} `)],
  [
    'the statement ends its lines as on Windows',
    'signature-wrong',
    altered((it) => it.replaceAll('\n', '\r\n')),
  ],
  ['the statement is empty', 'signature-wrong', altered(() => '')],
  [
    'the statement is that of another release',
    'signature-wrong',
    { statement: formatStatement({ ...said, version: '1.4.3' }) },
  ],
  ['the statement is huge', 'signature-statement', { statement: Buffer.alloc(100_000, 32) }],
  ['no JSON was signed', 'signature-statement', signedBytes('shop 1.4.2')],
  ['an empty file was signed', 'signature-statement', signedBytes('')],
  ['the archive itself was signed', 'signature-statement', signedBytes(randomBytes(1000))],
  ['JSON of another kind was signed', 'signature-statement', signedBytes('[]')],
  [
    'a key is there twice',
    'signature-statement',
    signedBytes(good.statement.toString('utf8').replace('{', '{"app": "shop",')),
  ],
  ['a key is unknown', 'signature-statement', signedAs({ hooks: [] })],
  ['the app is missing', 'signature-statement', signedAs({ app: undefined })],
  ['the app is no name', 'signature-statement', signedAs({ app: '../shop' })],
  ['the sequence is text', 'signature-statement', signedAs({ sequence: '100' })],
  ['the sequence is below zero', 'signature-statement', signedAs({ sequence: -1 })],
  ['the sequence is a fraction', 'signature-statement', signedAs({ sequence: 100.5 })],
  [
    'the sequence loses digits',
    'signature-statement',
    signedBytes(good.statement.toString('utf8').replace('100', '9007199254740993')),
  ],
  ['the time of creation is none', 'signature-statement', signedAs({ created: 'yesterday' })],
  ['the day is none', 'signature-statement', signedAs({ created: '2026-02-30T00:00:00Z' })],
  ['the time has no zone', 'signature-statement', signedAs({ created: '2026-11-20T11:00:00' })],
  [
    'it expires before it was created',
    'signature-statement',
    signedAs({ expires: '2026-11-20T10:00:00Z' }),
  ],
  [
    'the digest is short',
    'signature-statement',
    signedAs({ archive: { ...archive, sha256: 'ab' } }),
  ],
  [
    'the digest has capitals',
    'signature-statement',
    signedAs({ archive: { ...archive, sha256: 'AB'.repeat(32) } }),
  ],
  [
    'the size is below zero',
    'signature-statement',
    signedAs({ archive: { ...archive, size: -1 } }),
  ],
  ['the version of sluice is none', 'signature-statement', signedAs({ minSluice: 'new' })],
  [
    'the comment names another app',
    'signature-statement',
    signedBytes(good.statement, comment.replace('shop', 'blog')),
  ],
  [
    'the comment names another sequence',
    'signature-statement',
    signedBytes(good.statement, comment.replace('100', '99')),
  ],
  [
    'the comment is that of a plain file',
    'signature-statement',
    signedBytes(good.statement, 'timestamp:1\tfile:x\thashed'),
  ],
  [
    'the comment says more',
    'signature-statement',
    signedBytes(good.statement, `${comment} approved`),
  ],

  // what it is about
  ['it is another app', 'signature-app', { policy: { app: 'blog' } }],
  ['it is an app of a longer name', 'signature-app', { policy: { app: 'shop-2' } }],
  ['the sequence is lower', 'signature-sequence-low', { policy: { lowestSequence: 101 } }],
  [
    'the sequence is zero',
    'signature-sequence-low',
    signedAs({ sequence: 0 }, comment.replace('100', '0')),
  ],
  [
    'the sequence jumps',
    'signature-sequence-jump',
    signedAs({ sequence: 1_000_101 }, comment.replace('100', '1000101')),
  ],
  [
    'the sequence leaves no higher one',
    'signature-sequence-jump',
    signedAs(
      { sequence: Number.MAX_SAFE_INTEGER },
      comment.replace('100', `${Number.MAX_SAFE_INTEGER}`),
    ),
  ],
  ['it has expired', 'signature-expired', { policy: { now: Date.parse('2026-12-21T00:00:00Z') } }],
  [
    'it expires at this moment',
    'signature-expired',
    { policy: { now: Date.parse('2026-12-20T11:00:00Z') } },
  ],
  [
    'the archive has another digest',
    'signature-archive',
    { policy: { archive: { ...archive, sha256: 'ac'.repeat(32) } } },
  ],
  [
    'the archive is a byte longer',
    'signature-archive',
    { policy: { archive: { ...archive, size: archive.size + 1 } } },
  ],
  [
    'the archive is empty',
    'signature-archive',
    { policy: { archive: { sha256: createHash('sha256').digest('hex'), size: 0 } } },
  ],
  ['this sluice is too old', 'signature-sluice', signedAs({ minSluice: '0.2.0' })],
  [
    'this sluice is too old by its last number',
    'signature-sluice',
    signedAs({ minSluice: '0.1.1' }),
  ],
  [
    'this sluice is too old, and numbers are not letters',
    'signature-sluice',
    { ...signedAs({ minSluice: '0.10.0' }), policy: { sluice: '0.9.9' } },
  ],
]

/** Releases that must be taken. */
export const mustPass: readonly (readonly [name: string, attempt: Attempt])[] = [
  ['the key signed', {}],
  ['other keys are trusted too', { policy: k(1, three, two, one) }],
  ['two of two signed', { signed: both, policy: k(2, one, two) }],
  ['two of three signed', { signed: both, policy: k(2, three, two, one) }],
  [
    'three of three signed',
    { signed: await cosignRelease(three, both), policy: k(3, one, two, three) },
  ],
  ['a stranger signed too', { signed: await cosignRelease(stranger, good) }],
  [
    'a stranger signed first',
    { signed: await cosignRelease(one, await signRelease(stranger, said)) },
  ],
  ['one key signed twice, and one must', { signature: text + text }],
  [
    'one of two keys is revoked, and one must',
    { signed: both, policy: { ...k(1, one, two), revoked: [two.public.keyId] } },
  ],
  ['a key is revoked that is not trusted', { policy: { revoked: [stranger.public.keyId] } }],
  [
    'two trusted keys share an id',
    { policy: { keys: [renamed(stranger, one.public.keyId).public, one.public] } },
  ],
  ['the file lacks its last line end', { signature: text.trimEnd() }],
  [
    'the untrusted comment is altered',
    { signature: lines('untrusted comment: hello', line, trusted, last) },
  ],
  [
    'the untrusted comment is empty',
    { signature: lines('untrusted comment: ', line, trusted, last) },
  ],
  [
    'the untrusted comment has tabs and umlauts',
    { signature: lines('untrusted comment: \tgrüß', line, trusted, last) },
  ],
  ['a legacy signature is allowed', { signature: legacySignature, policy: { allowLegacy: true } }],
  ['legacy is allowed and none is there', { policy: { allowLegacy: true } }],
  ['nothing was proved here before', { policy: { lowestSequence: undefined } }],
  ['the sequence grew by one', { policy: { lowestSequence: 99 } }],
  [
    'the sequence grew by a million',
    signedAs({ sequence: 1_000_100 }, comment.replace('100', '1000100')),
  ],
  [
    'the first sequence is a large one',
    {
      ...signedAs({ sequence: 29_000_000 }, comment.replace('100', '29000000')),
      policy: { lowestSequence: undefined },
    },
  ],
  ['it never expires', signedAs({ expires: undefined })],
  ['it expires in a second', { policy: { now: Date.parse('2026-12-20T10:59:59Z') } }],
  [
    'it was created by a clock that is ahead',
    { policy: { now: Date.parse('2026-11-01T00:00:00Z') } },
  ],
  ['any sluice will do', signedAs({ minSluice: undefined })],
  ['this sluice is newer', { policy: { sluice: '0.10.0' } }],
  ['this sluice is newer by its first number', { policy: { sluice: '1.0.0' } }],
  ['this sluice is a candidate', { policy: { sluice: '0.1.0-rc1' } }],
  ['the archive is not here yet', { policy: { archive: undefined } }],
  ['the statement is written on one line', signedBytes(JSON.stringify(said))],
]

/** Verifies what an attempt makes of the good release. */
export function attemptIt({ signed = good, statement, signature, policy: changes }: Attempt) {
  return verifyRelease(
    statement ?? signed.statement,
    signature === undefined ? signed.signature : Buffer.from(signature),
    { ...policy, ...changes },
  )
}

/** `threshold` of these keys. */
export function k(threshold: number, ...keys: readonly SigningKey[]): Partial<SigningPolicy> {
  return { threshold, keys: keys.map((key) => key.public) }
}

async function makeKey(seed: number): Promise<SigningKey> {
  return (await makeSigningKey((length) => Buffer.alloc(length, seed))).key
}

/** The same key under another id. */
function renamed(key: SigningKey, keyId = 'FFFFFFFFFFFFFFFF'): SigningKey {
  return { ...key, public: { ...key.public, keyId } }
}

/** A signature file made step by step, so that the tests do not lean on what they test. */
function handSigned(
  key: SigningKey,
  content: Uint8Array,
  about: string,
  algorithm: 'ED' | 'Ed' = 'ED',
): string {
  const message = algorithm === 'Ed' ? content : createHash('blake2b512').update(content).digest()
  const signature = key.sign(message)
  const id = Buffer.from(key.public.keyId, 'hex').toReversed()
  return lines(
    'untrusted comment: by hand',
    Buffer.concat([Buffer.from(algorithm), id, signature]).toString('base64'),
    `trusted comment: ${about}`,
    key.sign(Buffer.concat([signature, Buffer.from(about)])).toString('base64'),
  )
}

function legacyAs(algorithm: string): string {
  const [first = '', signature = '', ...rest] = legacySignature.trimEnd().split('\n')
  const bytes = Buffer.from(signature, 'base64').fill(algorithm, 0, 2)
  return lines(first, bytes.toString('base64'), ...rest)
}

function zeroed(base64: string, from: number, to: number): string {
  return Buffer.from(base64, 'base64').fill(0, from, to).toString('base64')
}

function resized(base64: string, by: number): string {
  const bytes = Buffer.from(base64, 'base64')
  return Buffer.concat([bytes, Buffer.alloc(8)])
    .subarray(0, bytes.length + by)
    .toString('base64')
}

/** The same signature with the order of the group added to its scalar, which a loose check would take. */
function unreduced(base64: string): string {
  const bytes = Buffer.from(base64, 'base64')
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const scalar = BigInt(`0x${reversed(bytes.subarray(42)).toString('hex')}`) + order
  reversed(Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex')).copy(bytes, 42)
  return bytes.toString('base64')
}

function reversed(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toReversed())
}

/** 64 bytes end in two letters and `==`, of the last of which four bits mean nothing. */
function looseBits(base64: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const at = letters.indexOf(base64.at(-3) ?? '')
  return `${base64.slice(0, -3)}${letters[at ^ 1]}==`
}

/** A signature whose base64 has a letter that the kind for URLs writes differently. */
function urlKind(): string {
  for (let attempt = 0; ; attempt++) {
    const signature = handSigned(one, good.statement, `${comment} ${attempt}`).split('\n')
    const at = signature.findIndex((part, index) => index === 3 && /[+/]/.test(part))
    if (at < 0) continue
    return lines(...signature.slice(0, 3), signature[3]!.replaceAll('+', '-').replaceAll('/', '_'))
  }
}

/** With the neutral element as key and R, and zero as S, a loose check takes any message. */
function weakKeyAttempt(): Attempt {
  const weak: SigningPublicKey = { keyId: '0000000000000000', key: Buffer.alloc(32).fill(1, 0, 1) }
  const neutral = Buffer.concat([weak.key, Buffer.alloc(32)])
  const signature = lines(
    'untrusted comment: weak',
    Buffer.concat([Buffer.from('ED'), Buffer.alloc(8), neutral]).toString('base64'),
    `trusted comment: ${comment}`,
    neutral.toString('base64'),
  )
  return { signature, policy: { keys: [weak] } }
}
