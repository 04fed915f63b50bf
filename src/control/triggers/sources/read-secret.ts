import { AppError } from '../../../errors/index.ts'
import { readPassword } from '../../../trust/index.ts'

const shortestSecret = 16

/** The secret in a file that only we may read. @throws AppError `config-invalid` when it could be guessed; `key-exposed`. */
export function readSecret(file: string): string {
  const secret = readPassword(file).reveal()
  if (secret.length >= shortestSecret) return secret
  throw new AppError('config-invalid', `the secret in ${file} is shorter than 16 characters`, {
    hint: `umask 077; openssl rand -hex 32 > ${file}`,
  })
}
