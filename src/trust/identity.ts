import { createHash } from 'node:crypto'

import { AppError } from '../errors/index.ts'
import { Secret } from '../system/index.ts'
import {
  isStrongKey,
  keyPairOf,
  pkcs8Of,
  readPkcs8,
  readSpki,
  spkiOf,
  verifyEd25519,
} from './ed25519.ts'
import { createPrivateFile, readPrivateFile } from './private-file.ts'
import type { RandomBytes } from './random-bytes.ts'
import { decodeBase64 } from './text-encoding.ts'

/** What a signature is for. A signature made for one purpose is worth nothing for another. */
export type Purpose =
  | 'server channel'
  | 'agent login'
  | 'agent enrolment'
  | 'join state'
  | 'key change'
  | 'audit head'
  | 'agent nonces'
  | 'agent sessions'

/** Parts of a message; each is signed with its length, so that no two lists of parts make the same message. */
export type MessageParts = readonly (string | Uint8Array)[]

/** Who holds a key: a server or an agent, as others know it. */
export interface PublicIdentity {
  /** Short name of the key: the first 16 hexadecimal digits of its hash. Two keys may share one; pins use `keyHash`. */
  readonly id: string
  /** sha256 of the SubjectPublicKeyInfo, base64url: what is pinned. */
  readonly keyHash: string
  /** The SubjectPublicKeyInfo, base64url. */
  readonly publicKey: string
}

/** A key of our own. The private part stays inside. */
export interface Identity extends PublicIdentity {
  sign(purpose: Purpose, parts: MessageParts): Buffer
}

/** Makes a key and writes it to a file that must not exist. @throws AppError `key-exists`. */
export function createIdentity(path: string, random: RandomBytes): Identity {
  const key = makePrivateKey(random)
  createPrivateFile(path, key.reveal())
  return parseIdentity(key, path)
}

/** @throws AppError `key-exposed`, `key-invalid`, `io-failed`. */
export function readIdentity(path: string): Identity {
  return parseIdentity(new Secret(readPrivateFile(path).toString('latin1')), path)
}

/** A new private key in PEM form. */
export function makePrivateKey(random: RandomBytes): Secret {
  return new Secret(toPem(pkcs8Of(random(32))), 'private key')
}

/** The identity of a private key in PEM form; `place` is for the error. @throws AppError `key-invalid`. */
export function parseIdentity(pem: Secret, place: string): Identity {
  const seed = readPkcs8(fromPem(pem.reveal()))
  if (seed !== undefined) return identityOf(seed)
  throw new AppError('key-invalid', `${place} is not an Ed25519 private key in PEM form`)
}

/** The identity that belongs to 32 secret bytes. */
export function identityOf(seed: Uint8Array): Identity {
  const pair = keyPairOf(seed)
  return {
    ...describeKey(pair.publicKey),
    sign: (purpose, parts) => pair.sign(signedMessage(purpose, parts)),
  }
}

/** Reads the `publicKey` of an identity that somebody sent. @throws AppError `key-invalid`. */
export function readPublicIdentity(publicKey: string): PublicIdentity {
  const key = readSpki(decodeBase64(publicKey, 'base64url') ?? Buffer.alloc(0))
  if (key !== undefined) return describeKey(key)
  throw new AppError('key-invalid', 'the public key is not an Ed25519 key in base64url')
}

/** Whether the holder of a key has signed these parts for this purpose. */
export function isSignedBy(
  { publicKey }: Pick<PublicIdentity, 'publicKey'>,
  message: { readonly purpose: Purpose; readonly parts: MessageParts },
  signature: Uint8Array,
): boolean {
  const key = readSpki(decodeBase64(publicKey, 'base64url') ?? Buffer.alloc(0))
  if (key === undefined) return false
  return verifyEd25519(key, signedMessage(message.purpose, message.parts), signature)
}

/** `sluice <purpose> v1\0`, then every part behind its length. */
export function signedMessage(purpose: Purpose, parts: MessageParts): Buffer {
  const pieces = parts.flatMap((part) => {
    const bytes = Buffer.from(part)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return [length, bytes]
  })
  return Buffer.concat([Buffer.from(`sluice ${purpose} v1\0`), ...pieces])
}

function describeKey(key: Buffer): PublicIdentity {
  if (!isStrongKey(key)) throw new AppError('key-invalid', 'the public key is a weak one')
  const spki = spkiOf(key)
  const hash = createHash('sha256').update(spki).digest()
  return {
    id: hash.toString('hex', 0, 8),
    keyHash: hash.toString('base64url'),
    publicKey: spki.toString('base64url'),
  }
}

const pemStart = '-----BEGIN PRIVATE KEY-----\n'
const pemEnd = '\n-----END PRIVATE KEY-----\n'

function toPem(der: Buffer): string {
  return `${pemStart}${der.toString('base64')}${pemEnd}`
}

function fromPem(text: string): Buffer {
  if (!text.startsWith(pemStart) || !text.endsWith(pemEnd)) return Buffer.alloc(0)
  return decodeBase64(text.slice(pemStart.length, -pemEnd.length)) ?? Buffer.alloc(0)
}
