import { AppError } from '../../errors/index.ts'
import type { SigningPublicKey } from '../minisign/public-key.ts'
import { isMadeBy, parseSignatures, type Signature } from '../minisign/signature-file.ts'
import { assertDigestAndSize, assertSequence, assertVersionOfSluice } from './statement-rules.ts'
import {
  parseStatement,
  statementComment,
  statementLimit,
  type ReleaseStatement,
} from './statement.ts'

/** What a host asks of a release before it runs it. */
export interface SigningPolicy {
  readonly keys: readonly SigningPublicKey[]
  /** How many different keys must have signed; at least one. */
  readonly threshold: number
  /** Key ids that count no more, though they may still be among `keys`. */
  readonly revoked?: readonly string[]
  /** Whether signatures that are not prehashed are taken; no unless told. */
  readonly allowLegacy?: boolean
  readonly app: string
  /** Sequence of the newest release that was proved here; undefined when none was, and then any will do. */
  readonly lowestSequence: number | undefined
  /** Digest and size of the archive as it is; undefined when only the statement is here so far. */
  readonly archive: ReleaseStatement['archive'] | undefined
  /** The version of sluice that would run it. */
  readonly sluice: string
  /** Milliseconds since 1970. */
  readonly now: number
}

export interface VerifiedRelease {
  readonly statement: ReleaseStatement
  /** Key ids of the trusted keys that signed it. */
  readonly signedBy: readonly string[]
}

/**
 * Decides whether a release may run, from the bytes of its two files alone. Nothing of the statement is read before
 * enough trusted keys are found to have signed it.
 * @throws AppError `signature-…` with the reason.
 */
export async function verifyRelease(
  statement: Uint8Array,
  signature: Uint8Array,
  policy: SigningPolicy,
): Promise<VerifiedRelease> {
  if (statement.length > statementLimit) {
    throw new AppError('signature-statement', `the statement has ${statement.length} bytes`)
  }
  const signers = findSigners(statement, parseSignatures(signature), policy)
  const said = await parseStatement(statement)
  assertComments(said, signers)
  assertAbout(said, policy)
  return { statement: said, signedBy: signers.map(({ key }) => key.keyId) }
}

interface Signer {
  readonly key: SigningPublicKey
  readonly signature: Signature
}

/** One signature of each trusted key. Keys nobody trusts do not count; a trusted key's must fit. */
function findSigners(
  content: Uint8Array,
  signatures: readonly Signature[],
  policy: SigningPolicy,
): readonly Signer[] {
  const signers = new Map<string, Signer>()
  for (const signature of signatures) {
    const keys = policy.keys.filter(({ keyId }) => keyId === signature.keyId)
    if (keys.length === 0) continue
    const key = keys.find((candidate) => isMadeBy(candidate, signature, content))
    if (key === undefined) throw altered(signature)
    if (signature.kind === 'legacy' && policy.allowLegacy !== true) throw oldKind(signature)
    // By the key itself: one key under two names is still one signer.
    signers.set(key.key.toString('hex'), { key, signature })
  }
  const revoked = new Set(policy.revoked)
  const counted = [...signers.values()].filter(({ key }) => !revoked.has(key.keyId))
  assertEnough(counted.length, signers.size, policy)
  return counted
}

function assertEnough(counted: number, found: number, { threshold }: SigningPolicy): void {
  if (Number.isSafeInteger(threshold) && threshold >= 1 && counted >= threshold) return
  if (found > counted) {
    throw new AppError(
      'signature-revoked-key',
      `${found - counted} of the ${found} keys that signed the release are revoked, ${threshold} must be good`,
    )
  }
  if (found === 0) {
    throw new AppError('signature-unknown-key', 'no trusted key has signed the release')
  }
  throw new AppError(
    'signature-threshold',
    `${found} trusted ${found === 1 ? 'key has' : 'keys have'} signed the release, ${threshold} must`,
  )
}

function assertComments(said: ReleaseStatement, signers: readonly Signer[]): void {
  const expected = statementComment(said)
  for (const { key, signature } of signers) {
    if (signature.trustedComment === expected) continue
    throw new AppError(
      'signature-statement',
      `key ${key.keyId} signed "${signature.trustedComment}", not "${expected}"`,
    )
  }
}

function assertAbout(said: ReleaseStatement, policy: SigningPolicy): void {
  if (said.app !== policy.app) {
    throw new AppError('signature-app', `the statement is about ${said.app}, not ${policy.app}`)
  }
  assertSequence(said.sequence, policy.lowestSequence)
  if (said.expires !== undefined && Date.parse(said.expires) <= policy.now) {
    throw new AppError('signature-expired', `the statement expired at ${said.expires}`, {
      hint: 'sign the release again; if that time is still to come, correct the clock',
    })
  }
  assertVersionOfSluice(said.minSluice, policy.sluice)
  if (policy.archive !== undefined) assertDigestAndSize(said.archive, policy.archive)
}

function altered({ keyId }: Signature): AppError {
  return new AppError('signature-wrong', `the signature of key ${keyId} does not fit the statement`)
}

function oldKind({ keyId }: Signature): AppError {
  return new AppError('signature-legacy', `the signature of key ${keyId} is not prehashed`, {
    hint: 'sign it with `sluice sign`, or with minisign without -l',
  })
}
