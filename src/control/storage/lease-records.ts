/** The right to do something alone, for a time that the database's clock measures. */
export interface Lease {
  readonly name: string
  readonly owner: string
  /** Greater than that of every earlier holder; writes carry it, so a late holder changes nothing. */
  readonly fence: number
  /** Milliseconds since 1970 by the database's clock. */
  readonly until: number
}

export interface LeaseRecords {
  /**
   * Takes a lease that is free or has run out; undefined while another owner has it. An owner that asks again gets
   * it again with a new fence. Owners are unique to a process's life.
   */
  claim(name: string, owner: string, milliseconds: number): Promise<Lease | undefined>
  /** Lengthens a lease; undefined when somebody has taken it since. */
  renew(lease: Lease, milliseconds: number): Promise<Lease | undefined>
  /** Gives a lease back; false when it was not ours any more. */
  release(lease: Lease): Promise<boolean>
}
