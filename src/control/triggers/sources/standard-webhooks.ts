import { createPublicKey, verify } from 'node:crypto'

import { AppError } from '../../../errors/index.ts'
import { isSameSecret } from '../../../trust/index.ts'
import { anyFits, hmac, refusedHook, sha256 } from './delivery.ts'
import type { Delivery, HookRequest } from './delivery.ts'

/** A secret that both sides have, or the sender's public key. */
export type StandardKey =
  | { readonly kind: 'v1'; readonly secret: Buffer }
  | { readonly kind: 'v1a'; readonly publicKey: Buffer }

/** How far a message's time may be from ours, either way. */
const tolerance = 5 * 60
const mostSignatures = 10

/**
 * Standard Webhooks: `v1` is HMAC-SHA256 and `v1a` Ed25519, over `id.timestamp.body`. The time must be ours within
 * five minutes, and an id counts once.
 * @throws AppError `hook-refused`.
 */
export function acceptStandard(
  { headers, body, now }: HookRequest,
  { keys }: { readonly keys: readonly StandardKey[] },
): Delivery {
  const id = headers.get('webhook-id') ?? ''
  const time = headers.get('webhook-timestamp') ?? ''
  const signatures = (headers.get('webhook-signature') ?? '').split(' ')
  const message = Buffer.concat([Buffer.from(`${id}.${time}.`), body])
  const isSigned = signatures
    .slice(0, mostSignatures)
    .map((signature) => anyFits(keys, (key) => fits(key, message, signature)))
    .includes(true)
  const isWhole = idPattern.test(id) && isTimely(time, now) && signatures.length <= mostSignatures
  if (!isWhole || !isSigned) throw refusedHook()
  return { source: 'standard-webhooks', key: `webhook:${id}`, digest: sha256(body) }
}

/** Without a dot, which would let the parts of the signed text be moved. */
const idPattern = /^[A-Za-z0-9_:/+=-]{1,200}$/

function isTimely(time: string, now: number): boolean {
  return /^[1-9]\d{0,11}$/.test(time) && Math.abs(now / 1000 - Number(time)) <= tolerance
}

function fits(key: StandardKey, message: Buffer, signature: string): boolean {
  const [version, text = ''] = signature.split(',')
  const bytes = Buffer.from(text, 'base64')
  // What decodes to the same bytes in two ways is not the sender's text.
  const isPlain = bytes.toString('base64') === text && signature.split(',').length === 2
  if (version !== key.kind || !isPlain) return false
  if (key.kind === 'v1') return isSameSecret(hmac(key.secret, message), bytes)
  return bytes.length === 64 && verify(null, message, importKey(key.publicKey), bytes)
}

function importKey(raw: Buffer) {
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw])
  return createPublicKey({ key: spki, format: 'der', type: 'spki' })
}

/** Reads `whsec_…` or `whpk_…`. @throws AppError `config-invalid`, without a letter of it. */
export function readStandardKey(text: string, file: string): StandardKey {
  const [, kind, base64 = ''] = /^(whsec|whpk)_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? []
  const bytes = Buffer.from(base64, 'base64')
  if (kind === 'whsec' && bytes.length >= 16) return { kind: 'v1', secret: bytes }
  if (kind === 'whpk' && bytes.length === 32) return { kind: 'v1a', publicKey: bytes }
  throw new AppError('config-invalid', `${file} holds no key of Standard Webhooks`, {
    hint: 'whsec_ and at least 16 bytes in base64, or whpk_ and 32',
  })
}
