import { createHash, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

import { AppError } from '../errors/index.ts'
import { Secret } from '../system/index.ts'
import type { RandomBytes } from './random-bytes.ts'
import { decodeBase62, decodeBase64, encodeBase62 } from './text-encoding.ts'

// `slc_<kind>_<id>_<secret>_<check>` and `slj_<id>_<secret>_<server key hash>_<check>`: found by secret scanners,
// and a typing error is seen before anything is looked up. Every part has one length, so `_` inside one is no matter.

/** What the holder of a token is; the rights are the server's business. */
export const tokenKinds = [
  'viewer',
  'trigger',
  'deployer',
  'approver',
  'agent',
  'auditor',
  'admin',
] as const

export type TokenKind = (typeof tokenKinds)[number]

interface TokenCore {
  /** What it is looked up by; no secret. */
  readonly id: string
  /** What is stored of it: sha256 of its whole text, hexadecimal. */
  readonly hash: string
  /** The token as its holder has it. */
  readonly text: Secret
}

export interface Token extends TokenCore {
  readonly kind: TokenKind
}

/** Lets a machine become an agent of one server. */
export interface JoinToken extends TokenCore {
  /** `keyHash` of the server's identity: the first contact is authenticated already. */
  readonly serverKeyHash: string
}

export function makeToken(kind: TokenKind, random: RandomBytes): Token {
  const id = makeId(random)
  const text = withCheck(`slc_${kind}_${id}_${makeSecret(random)}`)
  return { kind, id, hash: hashOf(text), text: new Secret(text, 'token') }
}

export function makeJoinToken(serverKeyHash: string, random: RandomBytes): JoinToken {
  const id = makeId(random)
  const text = withCheck(`slj_${id}_${makeSecret(random)}_${serverKeyHash}`)
  return { id, serverKeyHash, hash: hashOf(text), text: new Secret(text, 'join token') }
}

/** @throws AppError `token-invalid`, without a letter of the token. */
export function parseToken(text: string): Token {
  const parts = tokenPattern.exec(text)?.groups
  const kind = tokenKinds.find((known) => known === parts?.['kind'])
  if (parts === undefined || kind === undefined || !isWhole(text, parts['secret'])) {
    throw refusal('a token', 'slc_')
  }
  return { kind, id: parts['id'] ?? '', hash: hashOf(text), text: new Secret(text, 'token') }
}

/** @throws AppError `token-invalid`, without a letter of the token. */
export function parseJoinToken(text: string): JoinToken {
  const parts = joinTokenPattern.exec(text)?.groups
  const serverKeyHash = parts?.['server'] ?? ''
  const isHash = decodeBase64(serverKeyHash, 'base64url')?.length === 32
  if (parts === undefined || !isHash || !isWhole(text, parts['secret'])) {
    throw refusal('a join token', 'slj_')
  }
  const secret = new Secret(text, 'join token')
  return { id: parts['id'] ?? '', serverKeyHash, hash: hashOf(text), text: secret }
}

/** Whether two secrets, or what is stored of them, are equal; their digests are compared, so the time says nothing. */
export function isSameSecret(left: string | Buffer, right: string | Buffer): boolean {
  return timingSafeEqual(sha256(left), sha256(right))
}

const tokenPattern =
  /^slc_(?<kind>[a-z]+)_(?<id>[0-9A-Za-z]{11})_(?<secret>[0-9A-Za-z]{43})_[0-9A-Za-z]{6}$/
const joinTokenPattern =
  /^slj_(?<id>[0-9A-Za-z]{11})_(?<secret>[0-9A-Za-z]{43})_(?<server>[0-9A-Za-z_-]{43})_[0-9A-Za-z]{6}$/

function makeId(random: RandomBytes): string {
  return encodeBase62(random(8), 11)
}

function makeSecret(random: RandomBytes): string {
  return encodeBase62(random(32), 43)
}

function withCheck(text: string): string {
  return `${text}_${checkOf(text)}`
}

function checkOf(text: string): string {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(text))
  return encodeBase62(sum, 6)
}

function isWhole(text: string, secret = ''): boolean {
  const end = text.lastIndexOf('_')
  return (
    decodeBase62(secret, 32) !== undefined && checkOf(text.slice(0, end)) === text.slice(end + 1)
  )
}

function hashOf(text: string): string {
  return sha256(text).toString('hex')
}

function sha256(text: string | Buffer): Buffer {
  return createHash('sha256').update(text).digest()
}

function refusal(what: string, start: string): AppError {
  return new AppError(
    'token-invalid',
    `what was given is not ${what} of sluice, or a letter is wrong`,
    {
      hint: `it starts with ${start} and is copied whole, without spaces or line ends`,
    },
  )
}
