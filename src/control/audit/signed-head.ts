import { AppError } from '../../errors/index.ts'
import { isSignedBy, readPublicIdentity, type Identity } from '../../trust/index.ts'
import type { AuditHead } from '../storage/audit-records.ts'

/** How far the log had come, said by the server; whoever keeps it notices later that history was rewritten. */
export interface SignedHead extends AuditHead {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly epoch: string
  readonly publicKey: string
  /** Base64url. */
  readonly signature: string
}

type HeadFacts = Pick<SignedHead, 'sequence' | 'hash' | 'at' | 'epoch'>

export function signHead(identity: Identity, facts: HeadFacts): SignedHead {
  const signature = identity.sign('audit head', partsOf(facts)).toString('base64url')
  return { ...facts, publicKey: identity.publicKey, signature }
}

/** @throws AppError `audit-broken` when the head was not signed as it is, or by another key than `keyHash`. */
export function checkHead(head: SignedHead, keyHash?: string): AuditHead {
  const signer = readPublicIdentity(head.publicKey)
  const message = { purpose: 'audit head', parts: partsOf(head) } as const
  const isSigned = isSignedBy(signer, message, Buffer.from(head.signature, 'base64url'))
  if (isSigned && (keyHash === undefined || keyHash === signer.keyHash)) return head
  const problem = isSigned ? `is signed by key ${signer.keyHash}` : 'does not fit its signature'
  throw new AppError('audit-broken', `the head of the audit log ${problem}`)
}

function partsOf({ sequence, hash, at, epoch }: HeadFacts): readonly string[] {
  return [String(sequence), hash, String(at), epoch]
}
