import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { pathExists, type Secret } from '../../system/index.ts'
import {
  createPrivateFile,
  createPublicFile,
  formatPublicKey,
  makeSigningKey,
  readPassword,
} from '../../trust/index.ts'

/** Where the password of a key comes from. */
export interface PasswordPlace {
  readonly cwd: string
  readonly passwordFile: string | undefined
}

/** Makes a signing key: the secret one in `file`, the public one in `file.pub`. @throws AppError `key-exists`. */
export async function createSigningKey(file: string, place: PasswordPlace) {
  const publicFile = `${file}.pub`
  if (pathExists(publicFile)) {
    throw new AppError('key-exists', `${publicFile} exists`, { hint: 'choose another name' })
  }
  const password = passwordAt(place)
  const made = await makeSigningKey(randomBytes, password)
  createPrivateFile(file, made.file)
  createPublicFile(publicFile, formatPublicKey(made.key.public))
  const { keyId } = made.key.public
  return { keyId, secretKey: file, publicKey: publicFile, encrypted: password !== undefined }
}

export function passwordAt({ cwd, passwordFile }: PasswordPlace): Secret | undefined {
  if (passwordFile === undefined) return undefined
  return readPassword(passwordFile === '-' ? '-' : resolve(cwd, passwordFile))
}
