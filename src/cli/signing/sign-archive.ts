import { resolve } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { inspectArchive, statementFiles } from '../../release/index.ts'
import { replaceFile, systemClock } from '../../system/index.ts'
import {
  cosignRelease,
  parseStatement,
  readPrivateFile,
  readSigningKey,
  signRelease,
  type ReleaseStatement,
  type SignedStatement,
  type SigningKey,
} from '../../trust/index.ts'
import { passwordAt, type PasswordPlace } from './create-signing-key.ts'
import { assertNamed, measureArchive, readStatementFiles } from './statement-files.ts'

/** What the signer says besides what the archive says itself. */
interface Saying {
  readonly sequence: number | undefined
  readonly expiresIn: number | undefined
  readonly minSluice: string | undefined
}

export interface SignRequest extends PasswordPlace, Saying {
  readonly key: string | undefined
}

/** Signs an archive, or adds a signature to the statement that lies beside it. */
export async function signArchive(archive: string, request: SignRequest) {
  const key = await openKey(request)
  const present = readStatementFiles(archive)
  const signed =
    present === undefined
      ? await signRelease(key, await makeStatement(archive, request))
      : await addSignature(key, { archive, present, request })
  const files = statementFiles(archive)
  // The signature last: without it the statement counts for nothing and is made anew.
  if (present === undefined) replaceFile(files.statement, signed.statement, { mode: 0o644 })
  replaceFile(files.signature, signed.signature, { mode: 0o644 })
  const statement = await parseStatement(signed.statement)
  return { statement, signedBy: [key.public.keyId], files: [files.statement, files.signature] }
}

async function openKey(request: SignRequest): Promise<SigningKey> {
  if (request.key === undefined) throw new AppError('usage', 'no key was given: --key FILE')
  const file = resolve(request.cwd, request.key)
  return await readSigningKey(readPrivateFile(file), { name: file, password: passwordAt(request) })
}

async function makeStatement(archive: string, saying: Saying): Promise<ReleaseStatement> {
  const { manifest } = await inspectArchive(archive)
  const now = systemClock.now()
  const { sequence = Math.floor(now / 60_000), expiresIn, minSluice } = saying
  return {
    app: manifest.name,
    version: manifest.version,
    sequence,
    created: timeText(now),
    expires: expiresIn === undefined ? undefined : timeText(now + expiresIn * 86_400_000),
    archive: await measureArchive(archive),
    minSluice,
  }
}

/** Whoever signs second says the same as the first did, or nothing. */
async function addSignature(
  key: SigningKey,
  { archive, present, request }: { archive: string; present: SignedStatement; request: Saying },
): Promise<SignedStatement> {
  const said = await parseStatement(present.statement)
  const found = await measureArchive(archive)
  const isOther = said.archive.sha256 !== found.sha256 || said.archive.size !== found.size
  const { sequence = said.sequence, expiresIn, minSluice = said.minSluice } = request
  const differs =
    sequence !== said.sequence || minSluice !== said.minSluice || expiresIn !== undefined
  if (isOther || differs) {
    const problem = isOther ? 'is about another archive' : 'says something else than asked for'
    const { statement, signature } = statementFiles(archive)
    throw new AppError('signature-exists', `${statement} ${problem}`, {
      hint: `remove ${statement} and ${signature} to begin anew`,
    })
  }
  await assertNamed(archive, said)
  return await cosignRelease(key, present)
}

/** Without milliseconds, which nobody needs to read. */
function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+/, '')
}
