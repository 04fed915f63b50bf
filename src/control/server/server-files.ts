import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import {
  makeDirectory,
  pathExists,
  readIfPresent,
  removeFile,
  replaceFile,
  Secret,
  withPath,
  type Clock,
} from '../../system/index.ts'
import {
  keepCertificate,
  makePrivateKey,
  parseIdentity,
  readPassword,
  readPrivateFile,
  type Identity,
} from '../../trust/index.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import type { Storage, StorageLocation } from '../storage/storage.ts'

/**
 * The key of all servers of a database, made at the first start. One that lies in the state directory, as an earlier version
 * kept it, goes into a database that has none. @throws AppError `key-exposed`, `key-invalid`.
 */
export async function keepIdentity(
  state: string,
  storage: Pick<Storage, 'keepPrivateKey'>,
  now: number,
): Promise<Identity> {
  makeDirectory(state, 0o700)
  const file = join(state, 'identity.pem')
  const given = pathExists(file)
    ? new Secret(readPrivateFile(file).toString('latin1'), 'private key')
    : makePrivateKey(randomBytes)
  const kept = await storage.keepPrivateKey(given, now)
  const identity = parseIdentity(kept, 'the identity in the database')
  // In one place only from now on; another key than the database's is somebody else's to remove.
  if (kept.reveal() === given.reveal()) removeFile(file)
  // What callers pin; written again where it is missing or is that of another key.
  const publicFile = join(state, 'identity.pub')
  const text = `${identity.keyHash}\n`
  if (readIfPresent(publicFile)?.toString() !== text) replaceFile(publicFile, text, { mode: 0o644 })
  return identity
}

/** Key and certificate as one text; undefined for plain HTTP. */
export function readCertificate(
  { state, tls }: Pick<ServerSettings, 'state' | 'tls'>,
  clock: Clock,
): string | undefined {
  const { mode, names, certificateFile = '', keyFile = '' } = tls
  if (mode === 'off') return undefined
  if (mode === 'self-made') {
    const request = { names, now: clock.now(), random: randomBytes }
    return keepCertificate(join(state, 'tls.pem'), request)
  }
  const key = readPrivateFile(keyFile).toString('latin1')
  const certificate = withPath(certificateFile, () => readFileSync(certificateFile, 'latin1'))
  return `${key.trimEnd()}\n${certificate}`
}

/** Where the database is; a file in `state` unless told otherwise. */
export function storageLocation({
  state,
  database,
}: Pick<ServerSettings, 'state' | 'database'>): StorageLocation {
  const { sqlite, postgresUrlFile } = database
  if (postgresUrlFile !== undefined) {
    const url = new Secret(readPassword(postgresUrlFile).reveal().trim(), 'database')
    return { kind: 'postgres', url }
  }
  return { kind: 'sqlite', path: sqlite ?? join(state, 'sluice.db') }
}
