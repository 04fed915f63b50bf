import { createHash } from 'node:crypto'

/** What stands before the first entry. */
export const firstHash = '0'.repeat(64)

/** sha256 over the hash before it and the entry's canonical JSON: whoever changes an entry changes all that follow. */
export function chainHash(previous: string, content: string): string {
  return createHash('sha256').update(previous).update(content).digest('hex')
}
