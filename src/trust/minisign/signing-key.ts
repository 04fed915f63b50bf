import { scrypt } from 'node:crypto'

import { AppError } from '../../errors/index.ts'
import type { Secret } from '../../system/index.ts'
import { keyPairOf } from '../ed25519.ts'
import type { RandomBytes } from '../random-bytes.ts'
import { decodeBase64 } from '../text-encoding.ts'
import { showKeyId, type SigningPublicKey } from './public-key.ts'
import { smallBlake2b } from './small-blake2b.ts'
import { afterLabel, strictLines, untrustedLabel } from './strict-lines.ts'

/** A key that signs releases. The private part stays inside. */
export interface SigningKey {
  readonly public: SigningPublicKey
  sign(message: Uint8Array): Buffer
}

/** A new key and the file that keeps it, encrypted when there is a password. */
export async function makeSigningKey(
  random: RandomBytes,
  password?: Secret,
): Promise<{ readonly key: SigningKey; readonly file: string }> {
  const [seed, keyId] = [random(32), random(8)]
  const pair = keyPairOf(seed)
  const secrets = Buffer.concat([keyId, seed, pair.publicKey])
  const fields = password === undefined ? plain(secrets) : await seal(secrets, random(32), password)
  const line = Buffer.concat(fields).toString('base64')
  const file = `${untrustedLabel}minisign encrypted secret key\n${line}\n`
  return { key: signingKey(secrets), file }
}

/**
 * Reads a secret key of minisign, plain or encrypted.
 * @throws AppError `key-invalid`; `key-password` when it is encrypted and the password is missing or wrong.
 */
export async function readSigningKey(
  content: Uint8Array,
  {
    name = 'the key',
    password,
  }: { readonly name?: string; readonly password?: Secret | undefined },
): Promise<SigningKey> {
  const fields = splitFields(content)
  const secrets =
    fields?.isPlain === false ? await open(fields, { name, password }) : fields?.secrets
  const key = secrets === undefined ? undefined : signingKey(secrets)
  if (secrets === undefined || key?.public.key.equals(secrets.subarray(40)) !== true) {
    throw new AppError('key-invalid', `${name} is not a secret key in minisign's form`)
  }
  return key
}

interface KeyFields {
  readonly isPlain: boolean
  readonly salt: Buffer
  readonly limits: ScryptLimits
  /** Key id 8, secret 32, public key 32. */
  readonly secrets: Buffer
  readonly check: Buffer
}

/** As libsodium takes them: how much work, and how many bytes of memory. */
interface ScryptLimits {
  readonly operations: bigint
  readonly memory: bigint
}

/** Algorithms of signature, key derivation and digest 2 + 2 + 2, salt 32, limits 8 + 8, secrets 72, digest 32. */
function splitFields(content: Uint8Array): KeyFields | undefined {
  const lines = strictLines(content) ?? []
  const bytes = decodeBase64(lines[1] ?? '')
  const isForm = lines.length === 2 && afterLabel(lines[0], untrustedLabel) !== undefined
  if (!isForm || bytes?.length !== 158) return undefined
  const algorithms = bytes.toString('latin1', 0, 6)
  if (algorithms !== plainAlgorithms && algorithms !== sealedAlgorithms) return undefined
  return {
    isPlain: algorithms === plainAlgorithms,
    salt: bytes.subarray(6, 38),
    limits: { operations: bytes.readBigUInt64LE(38), memory: bytes.readBigUInt64LE(46) },
    secrets: bytes.subarray(54, 126),
    check: bytes.subarray(126),
  }
}

const plainAlgorithms = 'Ed\0\0B2'
const sealedAlgorithms = 'EdScB2'

function signingKey(secrets: Buffer): SigningKey {
  const pair = keyPairOf(secrets.subarray(8, 40))
  return {
    public: { keyId: showKeyId(secrets.subarray(0, 8)), key: pair.publicKey },
    sign: (message) => pair.sign(message),
  }
}

/** Minisign keeps no digest with a key that is not encrypted. */
function plain(secrets: Buffer): Buffer[] {
  return [Buffer.from(plainAlgorithms), Buffer.alloc(48), secrets, Buffer.alloc(32)]
}

async function seal(secrets: Buffer, salt: Buffer, password: Secret): Promise<Buffer[]> {
  const limits = Buffer.alloc(16)
  limits.writeBigUInt64LE(ownLimits.operations)
  limits.writeBigUInt64LE(ownLimits.memory, 8)
  const stream = await deriveStream(salt, costOf(ownLimits), password)
  const sealed = combine(Buffer.concat([secrets, digestOf(secrets)]), stream)
  return [Buffer.from(sealedAlgorithms), salt, limits, sealed]
}

/** The secrets of an encrypted key; undefined when no program of ours would have written such limits. */
async function open(
  { salt, limits, secrets, check }: KeyFields,
  { name, password }: { readonly name: string; readonly password: Secret | undefined },
): Promise<Buffer | undefined> {
  if (password === undefined) {
    throw new AppError('key-password', `${name} is encrypted`, {
      hint: 'give a file with its password, or `-` for standard input',
    })
  }
  const cost = costOf(limits)
  if (cost.N > 2 ** 20 || cost.p < 1 || cost.p > 16) return undefined
  const stream = await deriveStream(salt, cost, password)
  const opened = combine(Buffer.concat([secrets, check]), stream)
  const found = opened.subarray(0, 72)
  if (digestOf(found).equals(opened.subarray(72))) return found
  throw new AppError('key-password', `the password of ${name} is wrong`)
}

function digestOf(secrets: Buffer): Buffer {
  return smallBlake2b(Buffer.concat([Buffer.from('Ed'), secrets]), 32)
}

/** 128 MiB and half a second: strong, and still affordable where builds run. Minisign's own is 1 GiB. */
const ownLimits: ScryptLimits = { operations: 2n ** 22n, memory: 2n ** 27n }

interface ScryptCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** The parameters that libsodium makes of limits (crypto_pwhash_scryptsalsa208sha256). */
function costOf(limits: ScryptLimits): ScryptCost {
  const operations = limits.operations < 32_768n ? 32_768n : limits.operations
  const r = 8
  if (operations < limits.memory / 32n) return { N: powerUpTo(operations / 32n), r, p: 1 }
  const N = powerUpTo(limits.memory / 1024n)
  const parallel = operations / 4n / BigInt(N) / 8n
  return { N, r, p: Number(parallel) }
}

/** The largest power of two that is not above a number, and at least two. */
function powerUpTo(limit: bigint): number {
  return 2 ** Math.max(1, limit.toString(2).length - 1)
}

function deriveStream(salt: Buffer, cost: ScryptCost, password: Secret): Promise<Buffer> {
  const options = { ...cost, maxmem: 2 * 128 * cost.N * cost.r }
  return new Promise((resolve, reject) => {
    scrypt(password.reveal(), salt, 104, options, (error, stream) => {
      // Not compared with null: Bun gives undefined.
      if (error) reject(error)
      else resolve(stream)
    })
  })
}

function combine(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0)))
}
