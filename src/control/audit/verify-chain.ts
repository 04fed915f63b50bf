import type { AuditHead, AuditRow } from '../storage/audit-records.ts'
import { chainHash, firstHash } from './chain.ts'

export type ChainVerdict =
  | { readonly kind: 'whole'; readonly head: AuditHead }
  | { readonly kind: 'broken'; readonly sequence: number; readonly reason: string }

export interface ChainWitness {
  /** Takes the next entries; true while all is well. */
  take(rows: readonly AuditRow[]): boolean
  verdict(): ChainVerdict
}

/**
 * Follows a chain from its beginning. `known` are heads that were seen before: each of them must lie on it, or history
 * was cut off, forked or put back since.
 */
export function witnessChain(known: readonly AuditHead[]): ChainWitness {
  let head: AuditHead = { sequence: 0, hash: firstHash }
  let broken: ChainVerdict | undefined = check(head, known)
  return {
    take: (rows) => {
      for (const row of rows) {
        if (broken !== undefined) return false
        broken = follow(head, row) ?? check(row, known)
        head = { sequence: row.sequence, hash: row.hash }
      }
      return broken === undefined
    },
    verdict: () => broken ?? cutOff(head, known) ?? { kind: 'whole', head },
  }
}

function follow(head: AuditHead, { sequence, content, hash }: AuditRow): ChainVerdict | undefined {
  if (sequence !== head.sequence + 1)
    return brokenAt(head.sequence + 1, `entry ${sequence} stands in its place`)
  if (hash === chainHash(head.hash, content)) return undefined
  return brokenAt(sequence, 'it was changed, or an entry before it was')
}

/** Whether an entry is what a head seen before says that it was. */
function check(at: AuditHead, known: readonly AuditHead[]): ChainVerdict | undefined {
  const other = known.find(({ sequence, hash }) => sequence === at.sequence && hash !== at.hash)
  return other && brokenAt(at.sequence, 'another entry was seen here before: history was rewritten')
}

function cutOff(head: AuditHead, known: readonly AuditHead[]): ChainVerdict | undefined {
  const later = known.find(({ sequence }) => sequence > head.sequence)
  return later && brokenAt(head.sequence + 1, `it is missing; ${later.sequence} were there before`)
}

function brokenAt(sequence: number, reason: string): ChainVerdict {
  return { kind: 'broken', sequence, reason }
}
