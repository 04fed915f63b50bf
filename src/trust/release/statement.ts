import { appName, readWithSchema, versionText, z } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'

/** What a signer says about a release. It is signed in the archive's place, so that the signature covers all of it. */
export interface ReleaseStatement {
  readonly app: string
  readonly version: string
  /** Grows from release to release of an app. */
  readonly sequence: number
  /** As in `2026-11-20T12:00:00Z`. */
  readonly created: string
  /** The statement is worth nothing from this time on. */
  readonly expires?: string | undefined
  readonly archive: {
    /** 64 hexadecimal digits. */
    readonly sha256: string
    /** Bytes. */
    readonly size: number
  }
  /** The oldest sluice that may take this release live. */
  readonly minSluice?: string | undefined
}

/** Larger statements are refused unread. */
export const statementLimit = 64 * 1024

/** @throws AppError `signature-statement`. */
export async function parseStatement(content: Uint8Array): Promise<ReleaseStatement> {
  const statement = await readWithSchema(statementSchema, {
    file: 'the statement',
    content,
    format: 'json',
    code: 'signature-statement',
    limit: statementLimit,
  })
  const { created, expires } = statement
  if (expires === undefined || Date.parse(expires) > Date.parse(created)) return statement
  throw new AppError(
    'signature-statement',
    `the statement expires at ${expires}, before it was created`,
  )
}

/** The bytes that are signed. */
export function formatStatement(statement: ReleaseStatement): Buffer {
  return Buffer.from(`${JSON.stringify(statement, undefined, 2)}\n`)
}

/**
 * The trusted comment that goes with a statement. It says what the signature is about also where only the signature is
 * seen, and it keeps a signature that the same key made over another kind of file from being taken for a release's.
 */
export function statementComment({
  app,
  version,
  sequence,
}: Pick<ReleaseStatement, 'app' | 'version' | 'sequence'>): string {
  return `sluice release app:${app} sequence:${sequence} version:${version}`
}

const time = z.iso.datetime('is not a time such as 2026-11-20T12:00:00Z')

const statementSchema = z.strictObject({
  app: appName,
  version: versionText,
  sequence: z.int().nonnegative(),
  created: time,
  expires: time.optional(),
  archive: z.strictObject({
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'is not 64 hexadecimal digits'),
    size: z.int().nonnegative(),
  }),
  minSluice: z
    .string()
    .regex(/^\d{1,6}\.\d{1,6}\.\d{1,6}$/, 'is not a version such as 0.1.0')
    .optional(),
})
