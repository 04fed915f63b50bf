import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'

// Ed25519 keys as the 32 bytes they are, and as the DER around them that node:crypto and openssl read.

const spkiStart = Buffer.from('302a300506032b6570032100', 'hex')
const pkcs8Start = Buffer.from('302e020100300506032b657004220420', 'hex')

export interface KeyPair {
  /** 32 bytes. */
  readonly publicKey: Buffer
  sign(message: Uint8Array): Buffer
}

/** The pair that grows from 32 secret bytes. */
export function keyPairOf(seed: Uint8Array): KeyPair {
  const key = createPrivateKey({
    key: Buffer.concat([pkcs8Start, seed]),
    format: 'der',
    type: 'pkcs8',
  })
  return { publicKey: rawPublicKey(key), sign: (message) => sign(null, message, key) }
}

export function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length !== 64 || !isStrongKey(publicKey)) return false
  return verify(null, message, importKey(publicKey), signature)
}

/** The SubjectPublicKeyInfo of a key, which is what pins are hashes of. */
export function spkiOf(publicKey: Uint8Array): Buffer {
  return Buffer.concat([spkiStart, publicKey])
}

/** The 32 bytes in a SubjectPublicKeyInfo of exactly the usual form, else undefined. */
export function readSpki(spki: Buffer): Buffer | undefined {
  const isUsual = spki.length === 44 && spki.subarray(0, 12).equals(spkiStart)
  const key = spki.subarray(12)
  return isUsual && isStrongKey(key) ? key : undefined
}

/** The secret 32 bytes in a PKCS #8 document of exactly the usual form, else undefined. */
export function readPkcs8(pkcs8: Buffer): Buffer | undefined {
  const isUsual = pkcs8.length === 48 && pkcs8.subarray(0, 16).equals(pkcs8Start)
  return isUsual ? pkcs8.subarray(16) : undefined
}

export function pkcs8Of(seed: Uint8Array): Buffer {
  return Buffer.concat([pkcs8Start, seed])
}

/** Whether a key is one that not every message has a valid signature for. */
export function isStrongKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32) return false
  const unsigned = Buffer.from(publicKey)
  unsigned[31] = (unsigned[31] ?? 0) & 0x7f
  return !weakKeys.has(unsigned.toString('hex'))
}

/** The points of small order, in each way they can be written, without their sign bit. */
const weakKeys = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

function importKey(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: spkiOf(publicKey), format: 'der', type: 'spki' })
}

function rawPublicKey(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(12)
}
