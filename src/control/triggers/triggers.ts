export interface Triggers {
  /** Names this database's life: another one after a restore or a new database. */
  readonly epoch: string
  /**
   * Raises a trigger by one; resolves when that is durable. The same key answers what the first one got.
   * @throws AppError `not-found` for an unknown name unless `create`; `key-reused`; `request-invalid`; a retryable
   * one when the database fails: then the raise may have happened, and the same key tells.
   */
  raise(name: string, how: RaiseRequest): Promise<Raised>
  /** The last durable sequence; 0 for one never raised (creates it only when asked to). */
  read(name: string, options?: { readonly create?: boolean }): Promise<number>
  /** Resolves with the sequence as soon as it is greater than `after`, or at `timeout` ms / when aborted with what it is then. Thousands may wait at once. */
  waitBeyond(name: string, after: number, options: WaitOptions): Promise<number>
  /** Commits what was raised, lets everybody who waits go, and ends. The storage stays open. */
  close(): Promise<void>
}

export interface RaiseRequest {
  /** Idempotency key, up to 255 printable characters of ASCII; kept for at least 30 days. */
  readonly key?: string
  /** Of the request's body: the same key with another digest is refused. */
  readonly digest?: string
  /** Who raised it, and through what. */
  readonly by: string
  readonly source: string
  readonly create?: boolean
  /** Enters the raise into the audit log; both are durable together. */
  readonly audit?: { readonly who: string; readonly from: string }
}

export interface Raised {
  readonly name: string
  readonly sequence: number
  /** Whether an earlier raise of the same key got this sequence. */
  readonly isRepeat: boolean
}

export interface WaitOptions {
  /** Milliseconds. */
  readonly timeout: number
  readonly signal?: AbortSignal
}
