import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { pathExists, replaceFile, withPath } from '../../system/index.ts'
import { statementFileLimit, statementFiles } from '../statement-files.ts'

/**
 * Brings statement and signatures along with an archive, where both lie beside it; later ones take the place of earlier ones,
 * since a signer more may have signed. What they are worth is found out where the release is to run.
 */
export function carryStatement(from: string, to: string): void {
  const [source, target] = [statementFiles(from), statementFiles(to)]
  if (resolve(from) === resolve(to)) return
  if (!pathExists(source.statement) || !pathExists(source.signature)) return
  // The signature last: without it the statement counts for nothing.
  for (const part of ['statement', 'signature'] as const)
    replaceFile(target[part], readSmall(source[part]), { mode: 0o644 })
}

function readSmall(path: string): Buffer {
  return withPath(path, () => {
    const descriptor = openSync(
      path,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    )
    try {
      const status = fstatSync(descriptor)
      if (status.isFile() && status.size <= statementFileLimit) return readFileSync(descriptor)
      throw new AppError('signature-statement', `${path} is no file of at most 64 KiB`)
    } finally {
      closeSync(descriptor)
    }
  })
}
