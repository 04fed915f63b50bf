import type { AgentLabels } from './agent-records.ts'

/** A join token as it is kept: never its text. */
export interface StoredJoinToken {
  readonly id: string
  readonly hash: string
  /** What its agents get. */
  readonly labels: AgentLabels
  readonly usesLeft: number
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly createdBy: string
  readonly expiresAt: number
  readonly revokedAt: number | null
}

export interface JoinTokenRecords {
  /** Keeps a token; one that is there already, by an earlier try, stays. */
  add(token: Omit<StoredJoinToken, 'revokedAt'>): Promise<void>
  /** Those whose id comes after `after`, in that order, at most `limit`. */
  list(range: { readonly after: string; readonly limit: number }): Promise<StoredJoinToken[]>
  /** False when there is none. */
  revoke(id: string, at: number): Promise<boolean>
}
