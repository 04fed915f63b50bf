import { AppError } from '../../errors/index.ts'
import { isStrongKey } from '../ed25519.ts'
import { readSmallFile } from '../private-file.ts'
import { decodeBase64 } from '../text-encoding.ts'
import { afterLabel, strictLines, untrustedLabel } from './strict-lines.ts'

/** Who may sign releases, as in a `.pub` file of minisign or signify. */
export interface SigningPublicKey {
  /** 16 hexadecimal digits, as minisign shows it. */
  readonly keyId: string
  /** 32 bytes. */
  readonly key: Buffer
}

/** @throws AppError `key-invalid`, `io-failed`. */
export function readPublicKeyFile(path: string): SigningPublicKey {
  return parsePublicKey(readSmallFile(path), path)
}

/** Reads a `.pub` file, or only its last line as `minisign -P` takes it. @throws AppError `key-invalid`. */
export function parsePublicKey(content: string | Uint8Array, name = 'the key'): SigningPublicKey {
  const lines = strictLines(Buffer.from(content)) ?? []
  const line = lines.at(-1) ?? ''
  const hasComment = lines.length === 2 && afterLabel(lines[0], untrustedLabel) !== undefined
  const bytes = decodeBase64(line)
  if ((lines.length === 1 || hasComment) && bytes?.length === 42) {
    const key = bytes.subarray(10)
    if (bytes.toString('latin1', 0, 2) === 'Ed' && isStrongKey(key)) {
      return { keyId: showKeyId(bytes.subarray(2, 10)), key }
    }
  }
  throw new AppError('key-invalid', `${name} is not a public key in minisign's form`)
}

/** The `.pub` file of a key. */
export function formatPublicKey({ keyId, key }: SigningPublicKey): string {
  return `${untrustedLabel}minisign public key ${keyId}\n${publicKeyLine({ keyId, key })}\n`
}

/** The key as one word, for `minisign -P` and for lists of keys. */
export function publicKeyLine({ keyId, key }: SigningPublicKey): string {
  return Buffer.concat([Buffer.from('Ed'), keyIdBytes(keyId), key]).toString('base64')
}

/** Minisign shows the eight bytes as one little-endian number. */
export function showKeyId(bytes: Uint8Array): string {
  return Buffer.from(bytes.toReversed()).toString('hex').toUpperCase()
}

export function keyIdBytes(keyId: string): Buffer {
  return Buffer.from(Buffer.from(keyId, 'hex').toReversed())
}
