/** The two files beside an archive. Where minisign looks for the signature of the first, there the second is. */
export function statementFiles(archive: string): {
  readonly statement: string
  readonly signature: string
} {
  const statement = `${archive}.statement.json`
  return { statement, signature: `${statement}.minisig` }
}

/** Bytes; larger ones are no statements. */
export const statementFileLimit = 64 * 1024
