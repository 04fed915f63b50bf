/** A raise as the caller made it, with the id and the time it was given. */
export interface NewRaise {
  readonly trigger: string
  /** Ours, unique for ever: a repeated transaction finds by it what an earlier try has committed. */
  readonly id: string
  readonly key: string | undefined
  /** Of the request's body; the same key with another digest is another request. */
  readonly digest: string | undefined
  /** Milliseconds since 1970. */
  readonly at: number
  readonly by: string
  readonly source: string
  /** Makes the trigger if there is none of this name. */
  readonly create: boolean
  /** Enters the raise, or its repeat, into the audit log in the same transaction. */
  readonly audit?: RaiseAudit | undefined
}

export interface RaiseAudit {
  readonly who: string
  /** The address it came from. */
  readonly from: string
}

export type RaiseResult =
  | { readonly kind: 'raised' | 'repeated'; readonly sequence: number }
  /** The key was used by another request, which got this sequence. */
  | { readonly kind: 'key-reused'; readonly sequence: number }
  | { readonly kind: 'unknown-trigger' }

/** One raise as it was recorded. */
export interface TriggerEvent {
  readonly trigger: string
  readonly sequence: number
  readonly key: string | null
  readonly at: number
  readonly by: string
  readonly source: string
  readonly digest: string | null
  /** What it started; null while nobody has taken it up. */
  readonly outcome: string | null
  /** The later raise that was taken up in its place. */
  readonly supersededBy: number | null
}

/** Triggers and what raised them. Only `triggers/` writes here: it remembers the sequences. */
export interface TriggerRecords {
  /** Makes a trigger; one of this name stays as it is. Answers whether it was made. */
  define(trigger: {
    readonly name: string
    readonly at: number
    /** JSON. */
    readonly policy?: string
  }): Promise<boolean>
  /** The sequences of those names that exist. */
  read(names: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** Raises in the order given, all in one durable transaction or none; the results are in the same order. */
  raise(raises: readonly NewRaise[]): Promise<readonly RaiseResult[]>
  /** Events after `after`, in order, at most `limit`. */
  events(
    name: string,
    range: { readonly after: number; readonly limit: number },
  ): Promise<TriggerEvent[]>
  /**
   * Records what an event started. All earlier ones that nobody has taken up are superseded by it. An event keeps
   * its first outcome: answers whether that is this one.
   * @throws AppError `fenced`, and changes nothing, when somebody else has the lease.
   */
  settle(
    event: { readonly trigger: string; readonly sequence: number; readonly outcome: string },
    lease?: { readonly name: string; readonly fence: number },
  ): Promise<boolean>
  /** Forgets at most `limit` events older than `before`, and the keys of older ones that started something. Answers how many rows it touched. */
  prune(before: number, limit: number): Promise<number>
}
