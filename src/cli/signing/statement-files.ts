import { statSync } from 'node:fs'

import { AppError } from '../../errors/index.ts'
import { digestFile, inspectArchive, statementFiles } from '../../release/index.ts'
import { pathExists, withPath } from '../../system/index.ts'
import { readSmallFile, type ReleaseStatement, type SignedStatement } from '../../trust/index.ts'

/** The statement and its signatures, or undefined when either is missing. */
export function readStatementFiles(archive: string): SignedStatement | undefined {
  const { statement, signature } = statementFiles(archive)
  if (!pathExists(statement) || !pathExists(signature)) return undefined
  return {
    statement: readSmallFile(statement, 'signature-statement'),
    signature: readSmallFile(signature, 'signature-malformed'),
  }
}

/** Digest and size of an archive, of which nothing is read but its bytes. */
export async function measureArchive(archive: string): Promise<ReleaseStatement['archive']> {
  const { size } = withPath(archive, () => statSync(archive))
  return { sha256: await digestFile(archive), size }
}

/** Asserts that an archive is the release that a statement calls it. @throws AppError `signature-archive`. */
export async function assertNamed(
  archive: string,
  said: Pick<ReleaseStatement, 'app' | 'version'>,
): Promise<void> {
  const { manifest } = await inspectArchive(archive)
  if (manifest.name === said.app && manifest.version === said.version) return
  throw new AppError(
    'signature-archive',
    `the archive is ${manifest.name} ${manifest.version}, the statement says ${said.app} ${said.version}`,
  )
}
