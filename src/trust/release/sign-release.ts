import { AppError } from '../../errors/index.ts'
import { isMadeBy, parseSignatures, signContent } from '../minisign/signature-file.ts'
import type { SigningKey } from '../minisign/signing-key.ts'
import {
  formatStatement,
  parseStatement,
  statementComment,
  type ReleaseStatement,
} from './statement.ts'

/** The two files that go with an archive. */
export interface SignedStatement {
  readonly statement: Buffer
  /** Minisign's form over the bytes of `statement`, one signature after another. */
  readonly signature: Buffer
}

/** Signs a statement as the first of its signers. */
export async function signRelease(
  key: SigningKey,
  statement: ReleaseStatement,
): Promise<SignedStatement> {
  const content = formatStatement(statement)
  // What would be refused when it is verified is not signed.
  const checked = await parseStatement(content)
  const signature = signContent(key, content, statementComment(checked))
  return { statement: content, signature: Buffer.from(signature) }
}

/**
 * Adds the signature of a further key to a statement; its bytes stay as they are.
 * @throws AppError `signature-exists` when the key has signed it already, `signature-malformed`, `signature-statement`.
 */
export async function cosignRelease(
  key: SigningKey,
  signed: SignedStatement,
): Promise<SignedStatement> {
  const checked = await parseStatement(signed.statement)
  const present = parseSignatures(signed.signature)
  if (present.some((signature) => isMadeBy(key.public, signature, signed.statement))) {
    throw new AppError('signature-exists', `key ${key.public.keyId} has signed this statement`)
  }
  const added = signContent(key, signed.statement, statementComment(checked))
  const before = signed.signature.toString('utf8').replace(/\n?$/, '\n')
  return { statement: signed.statement, signature: Buffer.from(`${before}${added}`) }
}
