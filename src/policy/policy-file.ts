import { statSync } from 'node:fs'

import { readWithSchema } from '../config/index.ts'
import { AppError, toAppError } from '../errors/index.ts'
import { parsePublicKey, readPublicKeyFile, type SigningPublicKey } from '../trust/index.ts'
import { policySchema, type PolicyDocument } from './policy-schema.ts'
import { readOwnedFile } from './read-owned-file.ts'

/** What this host allows servers to want of it. */
export interface Policy extends Omit<PolicyDocument, 'signing'> {
  /** For messages. */
  readonly file: string
  readonly signing: {
    readonly mode: 'require' | 'warn' | 'off'
    readonly keys: readonly SigningPublicKey[]
    readonly threshold: number
    readonly revoked: readonly string[]
  }
}

export interface PolicyFile {
  readonly path: string
  /** Another one whenever the file may say something else. */
  version(): string | undefined
  /**
   * The policy as it is written now; read anew only when the file has changed. Undefined when there is none.
   * @throws AppError `policy-invalid` with file, line and column.
   */
  read(): Promise<Policy | undefined>
}

export function openPolicyFile(path: string): PolicyFile {
  let known: { readonly version: string; readonly policy: Promise<Policy> } | undefined
  return {
    path,
    version: () => versionOf(path),
    read: async () => {
      const version = versionOf(path)
      if (version === undefined) return undefined
      if (known?.version !== version) {
        known = { version, policy: readPolicy(path) }
        // Whoever asks hears of it; until then it is nobody's.
        known.policy.catch(() => undefined)
      }
      return await known.policy
    },
  }
}

/** @throws AppError `policy-invalid`. */
export async function readPolicy(path: string): Promise<Policy> {
  const document = await readWithSchema(policySchema, {
    file: path,
    content: readOwnedFile(path),
    format: path.endsWith('.json') ? 'json' : 'yaml',
    code: 'policy-invalid',
  })
  const { mode, keys, ...rules } = document.signing
  return {
    ...document,
    file: path,
    signing: {
      ...rules,
      mode: mode ?? (keys.length > 0 ? 'require' : 'warn'),
      keys: keys.map((key) => readKey(path, key)),
    },
  }
}

/** Changes when the file does; a file that was put in its place has another number. */
function versionOf(path: string): string | undefined {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (status === undefined) return undefined
  const { dev, ino, size, mtimeNs, ctimeNs } = status
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

function readKey(policy: string, key: string): SigningPublicKey {
  if (!key.startsWith('/')) return parsePublicKey(key)
  try {
    return readPublicKeyFile(key)
  } catch (error) {
    const { message } = toAppError(error)
    throw new AppError('policy-invalid', `${policy}: signing.keys: ${message}`, { cause: error })
  }
}
