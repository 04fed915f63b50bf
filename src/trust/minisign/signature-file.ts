import { createHash } from 'node:crypto'

import { AppError } from '../../errors/index.ts'
import { verifyEd25519 } from '../ed25519.ts'
import { decodeBase64 } from '../text-encoding.ts'
import { keyIdBytes, showKeyId, type SigningPublicKey } from './public-key.ts'
import type { SigningKey } from './signing-key.ts'
import { afterLabel, strictLines, trustedLabel, untrustedLabel } from './strict-lines.ts'

/** One signature in minisign's form: four lines. */
export interface Signature {
  /** Over the BLAKE2b-512 of the content, or over the content itself as minisign before 0.8 and signify do. */
  readonly kind: 'prehashed' | 'legacy'
  readonly keyId: string
  readonly trustedComment: string
  readonly signature: Buffer
  /** Over the signature and the trusted comment. */
  readonly commentSignature: Buffer
}

/** Larger signature files are refused unread. */
export const signatureFileLimit = 64 * 1024

/**
 * Reads a signature file: one signature after another, four lines each, nothing else.
 * @throws AppError `signature-malformed`.
 */
export function parseSignatures(content: Uint8Array): readonly Signature[] {
  if (content.length > signatureFileLimit) throw malformed(`it has ${content.length} bytes`)
  const lines = strictLines(content)
  if (lines === undefined) throw malformed('it is not plain text with line ends as on Unix')
  if (lines.length % 4 !== 0)
    throw malformed(`it has ${lines.length} lines, not four to a signature`)
  const blocks = Array.from({ length: lines.length / 4 }, (_, at) =>
    lines.slice(at * 4, at * 4 + 4),
  )
  return blocks.map(parseSignature)
}

/** Signs content with a trusted comment; the answer is the text of a signature file. */
export function signContent(key: SigningKey, content: Uint8Array, trustedComment: string): string {
  const signature = key.sign(prehash(content))
  const commentSignature = key.sign(commentMessage(signature, trustedComment))
  const line = Buffer.concat([Buffer.from(prehashed), keyIdBytes(key.public.keyId), signature])
  return [
    `${untrustedLabel}signature from key ${key.public.keyId}`,
    line.toString('base64'),
    `${trustedLabel}${trustedComment}`,
    commentSignature.toString('base64'),
    '',
  ].join('\n')
}

/** Whether a key made this signature over this content, its trusted comment included. */
export function isMadeBy(
  { key, keyId }: SigningPublicKey,
  signature: Signature,
  content: Uint8Array,
): boolean {
  if (signature.keyId !== keyId) return false
  const message = signature.kind === 'prehashed' ? prehash(content) : content
  return (
    verifyEd25519(key, message, signature.signature) &&
    verifyEd25519(
      key,
      commentMessage(signature.signature, signature.trustedComment),
      signature.commentSignature,
    )
  )
}

const prehashed = 'ED'
const legacy = 'Ed'

function parseSignature([untrusted, line, trusted, last]: readonly string[]): Signature {
  const trustedComment = afterLabel(trusted, trustedLabel)
  const bytes = decodeBase64(line ?? '')
  const commentSignature = decodeBase64(last ?? '')
  if (afterLabel(untrusted, untrustedLabel) === undefined || trustedComment === undefined) {
    throw malformed('a comment is missing or too long')
  }
  if (bytes?.length !== 74 || commentSignature?.length !== 64) {
    throw malformed('a signature is not base64 of the right length')
  }
  const algorithm = bytes.toString('latin1', 0, 2)
  if (algorithm !== prehashed && algorithm !== legacy) throw malformed('its algorithm is unknown')
  return {
    kind: algorithm === prehashed ? 'prehashed' : 'legacy',
    keyId: showKeyId(bytes.subarray(2, 10)),
    trustedComment,
    signature: bytes.subarray(10),
    commentSignature,
  }
}

function prehash(content: Uint8Array): Buffer {
  return createHash('blake2b512').update(content).digest()
}

function commentMessage(signature: Buffer, trustedComment: string): Buffer {
  return Buffer.concat([signature, Buffer.from(trustedComment)])
}

function malformed(problem: string): AppError {
  return new AppError('signature-malformed', `the signature is not in minisign's form: ${problem}`)
}
