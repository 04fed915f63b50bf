import type { JoinMark } from '../../trust/index.ts'

/** `app` → `shop`: what a selector picks agents by. They come from the join token. */
export type AgentLabels = Readonly<Record<string, string>>

/** `quarantined`: two machines have logged in with its key, and neither may any more. */
export type AgentState = 'active' | 'quarantined'

export interface StoredAgent {
  readonly id: string
  readonly name: string
  /** As trust's identities write it. */
  readonly publicKey: string
  readonly labels: AgentLabels
  readonly state: AgentState
  /** Grows with every change of what its host is to do. */
  readonly revision: number
  /** The last report that counted. */
  readonly reported: number
  /** Milliseconds since 1970, as all times here. */
  readonly createdAt: number
  readonly seenAt: number | null
  /** The last report `observed`, as JSON. */
  readonly observed: string | null
  readonly observedAt: number | null
}

/** What every request of an agent depends on. */
export type AgentStanding = Pick<StoredAgent, 'state' | 'revision'>

export interface Enrolment {
  /** Found by its id, believed by its hash. */
  readonly token: { readonly id: string; readonly hash: string }
  readonly id: string
  readonly name: string
  readonly publicKey: string
  readonly at: number
}

export type EnrolResult =
  /** `isRepeat`: the same key came with the same token before. */
  | { readonly kind: 'enrolled'; readonly agent: StoredAgent; readonly isRepeat: boolean }
  /** No such token, or it is used up, over or revoked. */
  | { readonly kind: 'token-refused' }
  | { readonly kind: 'name-taken' | 'key-taken'; readonly by: string }

/** What a login is decided on, and what it leaves. */
export interface LoginRecord {
  readonly state: AgentState
  readonly publicKey: string
  readonly shown: JoinMark | undefined
  readonly given: JoinMark | undefined
  readonly lastNonce: string | null
}

export interface Login {
  readonly agent: string
  /** When it was heard of, if it changes anything. */
  readonly at: number
  /** Pure: it may be asked more than once. Answers what to keep; undefined changes nothing. */
  decide(record: LoginRecord | undefined): LoginRecord | undefined
}

/** How many agents there are and what they add up to; another one means that something has changed. */
export type AgentTotals = string

export interface AgentRecords {
  enrol(enrolment: Enrolment): Promise<EnrolResult>
  /** Decides logins in their order, all in one transaction. */
  login(logins: readonly Login[]): Promise<void>
  /** Of those that exist. */
  standing(ids: readonly string[]): Promise<ReadonlyMap<string, AgentStanding>>
  totals(): Promise<AgentTotals>
  /** By id, else by name. */
  find(idOrName: string): Promise<StoredAgent | undefined>
  /** Those whose name comes after `after`, in that order, at most `limit`. */
  list(range: { readonly after: string; readonly limit: number }): Promise<StoredAgent[]>
  /** Answers the name's holder when that is another agent; undefined when the name was given. */
  rename(id: string, name: string): Promise<string | undefined>
  /** With what it was to do. False when there is no such agent. */
  remove(id: string): Promise<boolean>
  /** Says that their hosts are to do something else; polls that are held for that are answered. */
  bumpRevisions(ids: readonly string[]): Promise<void>
  noteSeen(ids: readonly string[], at: number): Promise<void>
}
