import type { TLSSocket } from 'node:tls'

import { AppError } from '../errors/index.ts'
import {
  isSignedBy,
  readPublicIdentity,
  type Identity,
  type MessageParts,
  type PublicIdentity,
  type Purpose,
} from './identity.ts'
import { decodeBase64 } from './text-encoding.ts'

// Agents and servers prove over each connection that they hold their keys. A proof is signed over what only the two
// ends of that very connection know, so whoever sits in between has nothing to pass on.

/**
 * What ties a proof to a connection. Which kind it is, each side takes from its own configuration, never from the other:
 * `exporter`, a value that TLS gives to both ends of one connection; or, behind a declared proxy that ends TLS, `origin`,
 * the address that the agent called. The latter leans on the proxy's certificate, which the agent then must verify.
 */
export type ChannelBinding =
  | { readonly kind: 'exporter'; readonly value: Uint8Array }
  | { readonly kind: 'origin'; readonly value: string }

/** What is proved; both sides make it from what they know themselves. */
export interface ChannelClaim {
  readonly purpose: Extract<Purpose, 'server channel' | 'agent login' | 'agent enrolment'>
  /** 32 bytes made by the side that asks for the proof, used once. */
  readonly nonce: Uint8Array
  readonly binding: ChannelBinding
  /** What else is meant, in a fixed order: the id of an agent or token, the key hash of the server. */
  readonly about: readonly string[]
}

/** As it is sent. */
export interface ChannelProof {
  readonly publicKey: string
  /** Base64url. */
  readonly signature: string
}

/** The binding of a TLS 1.3 connection; both ends get the same. @throws AppError `channel-unbound`. */
export function exporterBinding(
  socket: Partial<Pick<TLSSocket, 'getProtocol' | 'exportKeyingMaterial'>>,
): ChannelBinding {
  // Before 1.3 two connections can be made to share their secrets.
  const protocol = socket.getProtocol?.() ?? 'no TLS'
  if (protocol === 'TLSv1.3' && socket.exportKeyingMaterial !== undefined) {
    const value = socket.exportKeyingMaterial(32, exporterLabel, Buffer.alloc(0))
    return { kind: 'exporter', value }
  }
  throw new AppError('channel-unbound', `the connection is ${protocol}, not TLSv1.3`, {
    hint: 'behind a proxy that ends TLS, declare it on both sides',
  })
}

/** The binding behind a declared proxy: scheme, host and port of the address that the agent calls. */
export function originBinding(url: URL): ChannelBinding {
  return { kind: 'origin', value: url.origin }
}

export function proveOverChannel(identity: Identity, claim: ChannelClaim): ChannelProof {
  const signature = identity.sign(claim.purpose, partsOf(claim))
  return { publicKey: identity.publicKey, signature: signature.toString('base64url') }
}

/**
 * Checks what the other side proved, and that it is who it must be.
 * @throws AppError `identity-mismatch` when another key than the pinned one was shown; `identity-unproved`, `key-invalid`.
 */
export function checkChannelProof(
  proof: ChannelProof,
  claim: ChannelClaim,
  pinned: string,
): PublicIdentity {
  const shown = readPublicIdentity(proof.publicKey)
  if (shown.keyHash !== pinned) {
    throw new AppError('identity-mismatch', `expected key ${pinned}, was shown ${shown.keyHash}`, {
      hint: 'find out why it changed before you trust the new one',
    })
  }
  const signature = decodeBase64(proof.signature, 'base64url') ?? Buffer.alloc(0)
  const message = { purpose: claim.purpose, parts: partsOf(claim) }
  if (isSignedBy(shown, message, signature)) return shown
  throw new AppError(
    'identity-unproved',
    `key ${shown.id} did not prove itself on this connection`,
    {
      hint: 'something between the two may answer in the place of the other side',
    },
  )
}

const exporterLabel = 'EXPORTER-sluice-channel-v1'

function partsOf({ nonce, binding, about }: ChannelClaim): MessageParts {
  if (nonce.length !== 32) throw new RangeError('a nonce has 32 bytes')
  return [nonce, binding.kind, binding.value, ...about]
}
