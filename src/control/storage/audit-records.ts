/** An entry of the audit log as it is kept. */
export interface AuditRow {
  /** From 1, without gaps. */
  readonly sequence: number
  /** Canonical JSON. */
  readonly content: string
  /** Over the hash before it and the content. */
  readonly hash: string
}

/** An entry to append; its id lets a repeated transaction find what an earlier try has committed. */
export interface NewAuditEntry {
  readonly id: string
  readonly content: string
}

/** The last entry; sequence 0 and the first hash while there is none. */
export interface AuditHead {
  readonly sequence: number
  readonly hash: string
}

/** An append-only table: there is no call that changes or removes an entry. */
export interface AuditRecords {
  /** Appends in the order given, all or none. One server at a time, whatever the database. */
  append(entries: readonly NewAuditEntry[]): Promise<AuditHead>
  /** Entries after `after`, in order, at most `limit`. */
  list(range: { readonly after: number; readonly limit: number }): Promise<AuditRow[]>
  head(): Promise<AuditHead>
}
