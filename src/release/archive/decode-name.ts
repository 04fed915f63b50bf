import { showName } from './archive-entry.ts'
import { invalidArchive } from './archive-file.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 text or an error; other encodings are not guessed. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (error) {
    throw invalidArchive(
      `the name ${showName(Buffer.from(bytes).toString('latin1'))} is not UTF-8`,
      error,
    )
  }
}
