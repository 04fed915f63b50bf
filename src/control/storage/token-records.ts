/** A token as it is kept: never its text, only the hash of that. */
export interface StoredToken {
  readonly id: string
  /** One of the kinds of trust's tokens. */
  readonly kind: string
  /** JSON, read by `access/`. */
  readonly scope: string
  readonly hash: string
  /** What it is for, in its maker's words. */
  readonly note: string
  /** Milliseconds since 1970, as all times here. */
  readonly createdAt: number
  readonly createdBy: string
  readonly expiresAt: number
  readonly usedAt: number | null
  readonly revokedAt: number | null
}

export type NewToken = Omit<StoredToken, 'usedAt' | 'revokedAt'>

/** Only `access/` writes here. */
export interface TokenRecords {
  /** Keeps a token; one that is there already, by an earlier try, stays. */
  add(token: NewToken): Promise<void>
  /** Those of these ids that there are. */
  find(ids: readonly string[]): Promise<ReadonlyMap<string, StoredToken>>
  /** Those whose id comes after `after`, in that order, at most `limit`. */
  list(range: { readonly after: string; readonly limit: number }): Promise<StoredToken[]>
  /** Records a use of each; an earlier time than the one recorded changes nothing. */
  noteUse(ids: readonly string[], at: number): Promise<void>
  /** Ends a token for ever; the first time stays. Answers whether there is such a token. */
  revoke(id: string, at: number): Promise<boolean>
}
