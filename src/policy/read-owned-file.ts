import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'

import { AppError, errnoOf } from '../errors/index.ts'
import { withPath } from '../system/index.ts'

/** A policy or a script; larger ones are refused. */
const longest = 1024 * 1024

/**
 * Reads a file that says what may be done here: it counts only when nobody but root and the account we run as can have
 * written it. @throws AppError `policy-invalid`, `not-found`, `io-failed`.
 */
export function readOwnedFile(path: string): Buffer {
  return withPath(path, () => {
    const descriptor = openPresent(path)
    try {
      assertOwned(path, fstatSync(descriptor))
      return readWhole(path, descriptor)
    } finally {
      closeSync(descriptor)
    }
  })
}

function openPresent(path: string): number {
  try {
    // Without waiting for the other end of what turns out to be a pipe.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    throw new AppError('not-found', `there is no file ${path}`, { cause: error })
  }
}

function assertOwned(path: string, status: Stats): void {
  if (!status.isFile()) throw new AppError('policy-invalid', `${path} is not a file`)
  const own = process.getuid?.() ?? 0
  if (status.uid !== 0 && status.uid !== own) {
    const problem = `${path} belongs to user ${status.uid}, not to root`
    throw new AppError('policy-invalid', problem, { hint: `chown root:root ${path}` })
  }
  if ((status.mode & 0o022) === 0) return
  const mode = (status.mode & 0o777).toString(8).padStart(4, '0')
  throw new AppError('policy-invalid', `${path} may be written by other accounts (mode ${mode})`, {
    hint: `chmod go-w ${path}`,
  })
}

function readWhole(path: string, descriptor: number): Buffer {
  const content = Buffer.alloc(longest + 1)
  let length = 0
  for (;;) {
    const read = readSync(descriptor, content, length, content.length - length, null)
    if (read === 0) return content.subarray(0, length)
    length += read
    if (length > longest)
      throw new AppError('policy-invalid', `${path} has more than ${longest} bytes`)
  }
}
