import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'

import { AppError, type ErrorCode } from '../errors/index.ts'
import { createFile, makeDirectory, Secret, withPath } from '../system/index.ts'

/** Keys, signatures and statements are far smaller than this. */
const fileLimit = 64 * 1024

/**
 * A file that only its owner may read. A pipe is fine: what it holds lies nowhere.
 * @throws AppError `key-exposed`, `key-invalid` when it is too large, `io-failed`.
 */
export function readPrivateFile(path: string): Buffer {
  return readLimited(path, {
    check: (status) => {
      if (!status.isFile() || (status.mode & 0o077) === 0) return
      const mode = (status.mode & 0o777).toString(8).padStart(4, '0')
      throw new AppError('key-exposed', `${path} may be read by other accounts (mode ${mode})`, {
        hint: `chmod 600 ${path}`,
      })
    },
  })
}

/** A small file that anybody may read. @throws AppError `io-failed`, or of the code given when it is too large. */
export function readSmallFile(path: string, code: ErrorCode = 'key-invalid'): Buffer {
  return readLimited(path, { code })
}

/** Writes a key where there is none: 0600, and its directory 0700 when it has to be made. @throws AppError `key-exists`. */
export function createPrivateFile(path: string, content: string): void {
  makeDirectory(dirname(path), 0o700)
  createKeyFile(path, content, 0o600)
}

/** Writes what goes with a key and is no secret, where there is nothing. @throws AppError `key-exists`. */
export function createPublicFile(path: string, content: string): void {
  createKeyFile(path, content, 0o644)
}

function createKeyFile(path: string, content: string, mode: number): void {
  if (createFile(path, content, mode)) return
  throw new AppError('key-exists', `${path} exists`, {
    hint: 'choose another name: keys are never overwritten',
  })
}

/** The password in a file (`-` is standard input), without the end of its line. */
export function readPassword(path: string): Secret {
  // By its number: as `/dev/stdin` a socket, which it is under many programs, could not be opened.
  const bytes = path === '-' ? readUpTo(0, 'standard input') : readPrivateFile(path)
  const text = bytes.toString('utf8')
  const password = text.replace(/\r?\n$/, '')
  if (password === '') throw new AppError('key-password', 'the password is empty')
  return new Secret(password, 'password')
}

interface ReadRules {
  readonly check?: (status: Stats) => void
  /** For a file that is too large. */
  readonly code?: ErrorCode
}

function readLimited(path: string, { check, code }: ReadRules): Buffer {
  return withPath(path, () => {
    const descriptor = openSync(path, 'r')
    try {
      check?.(fstatSync(descriptor))
      return readUpTo(descriptor, path, code)
    } finally {
      closeSync(descriptor)
    }
  })
}

function readUpTo(descriptor: number, name: string, code: ErrorCode = 'key-invalid'): Buffer {
  const content = Buffer.alloc(fileLimit + 1)
  let length = 0
  for (;;) {
    const read = readSync(descriptor, content, length, content.length - length, null)
    if (read === 0) return content.subarray(0, length)
    length += read
    if (length > fileLimit) throw new AppError(code, `${name} has more than ${fileLimit} bytes`)
  }
}
