import { AppError } from '../../errors/index.ts'
import { statementFiles } from '../../release/index.ts'
import { sluiceVersion, systemClock } from '../../system/index.ts'
import { parseStatement, readPublicKeyFile, verifyRelease } from '../../trust/index.ts'
import { assertNamed, measureArchive, readStatementFiles } from './statement-files.ts'

export interface VerifyRequest {
  /** Files of the public keys that are trusted. */
  readonly keys: readonly string[]
  readonly threshold: number | undefined
  readonly app: string | undefined
  readonly lowest: number | undefined
}

/** Checks an archive against the statement beside it. The archive is opened only when its bytes are those signed. */
export async function verifyArchive(archive: string, request: VerifyRequest) {
  if (request.keys.length === 0) throw new AppError('usage', 'no key was given: --key FILE')
  const signed = readStatementFiles(archive)
  if (signed === undefined) throw missing(archive)
  const verified = await verifyRelease(signed.statement, signed.signature, {
    keys: request.keys.map((file) => readPublicKeyFile(file)),
    threshold: request.threshold ?? 1,
    app: request.app ?? (await parseStatement(signed.statement)).app,
    lowestSequence: undefined,
    archive: await measureArchive(archive),
    sluice: sluiceVersion,
    now: systemClock.now(),
  })
  assertNotBelow(verified.statement.sequence, request.lowest)
  await assertNamed(archive, verified.statement)
  return verified
}

/** A person names the lowest number without knowing the last one, so a jump above it says nothing. */
function assertNotBelow(sequence: number, lowest = 0): void {
  if (sequence >= lowest) return
  throw new AppError('signature-sequence-low', `sequence ${sequence} is below ${lowest}`)
}

function missing(archive: string): AppError {
  const { statement, signature } = statementFiles(archive)
  return new AppError('signature-missing', `${statement} or ${signature} is missing`, {
    hint: `sluice sign ${archive} --key FILE`,
  })
}
