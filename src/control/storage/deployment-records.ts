import type { ReportedError } from '../../events/index.ts'
import type { DeploymentPhase, DeploymentState, HostDeploymentState } from '../../protocol/index.ts'
import type { Action, DeploymentFacts, HostFacts } from '../deployments/next-action.ts'

/** Labels that a host must have, each with this value. */
export type Selector = Readonly<Record<string, string>>

/** A deployment as it is kept. Times are milliseconds since 1970. */
export interface StoredDeployment {
  readonly id: string
  readonly app: string
  readonly digest: string
  readonly version: string
  readonly selector: Selector
  /** Null for each host's own rule. */
  readonly endpoints: readonly string[] | null
  readonly state: DeploymentState
  /** Id of the token, or the trigger. */
  readonly requestedBy: string
  readonly source: string
  readonly reason: string | null
  readonly createdAt: number
  readonly changedAt: number
  readonly deadline: number | null
  /** Since when its commit stands. */
  readonly committedAt: number | null
  readonly finishedAt: number | null
  readonly error: ReportedError | null
  /** The number of its last event. */
  readonly events: number
}

/** What became of a deployment on one host. */
export interface StoredDeploymentHost {
  readonly agent: string
  readonly name: string
  readonly generation: number
  /** What this host may do with it; undefined when another deployment has taken its place there. */
  readonly phase: DeploymentPhase | undefined
  readonly state: HostDeploymentState
  readonly owed: boolean
  /** The host's own id of it. */
  readonly local: string | null
  readonly error: ReportedError | null
  readonly traffic: unknown
  readonly changedAt: number
  /** The last poll of its agent. */
  readonly seenAt: number | null
}

export interface NewDeployment {
  readonly id: string
  readonly app: string
  readonly digest: string
  readonly selector: Selector
  readonly endpoints: readonly string[] | null
  readonly by: string
  readonly source: string
  readonly reason: string | null
  /** Of the request: the same id with another one is another request. */
  readonly requestDigest: string
  readonly at: number
}

/** What was made, or why nothing was; nothing is written then. */
export type Creation =
  | { readonly kind: 'created'; readonly deployment: StoredDeployment }
  | { readonly kind: 'repeated'; readonly deployment: StoredDeployment }
  | { readonly kind: 'key-reused' }
  | { readonly kind: 'no-release' }
  | { readonly kind: 'no-hosts' }
  | { readonly kind: 'rejected'; readonly version: string; readonly reason: string }
  /** Another deployment of the app to some of the hosts has not ended. */
  | { readonly kind: 'unfinished'; readonly by: string; readonly deployment: string }

/** Decides what follows; pure, called inside the transaction. */
export type Decider = (
  deployment: DeploymentFacts,
  hosts: readonly HostFacts[],
) => Action | undefined

export interface StoredEvent {
  /** From 1, in order, without gaps. */
  readonly number: number
  /** The host it is about; null for the deployment as a whole. */
  readonly agent: string | null
  readonly at: number
  readonly content: EventContent
}

/** As a host reported it. */
export interface HostError {
  readonly code: string
  readonly message: string
  readonly hint?: string | undefined
  readonly output?: string | undefined
}

export type EventContent =
  | {
      readonly kind: 'deployment'
      readonly state: DeploymentState
      readonly error?: ReportedError
    }
  | {
      readonly kind: 'host'
      readonly state: HostDeploymentState
      readonly error?: HostError
      /** It was of an earlier generation, or could not follow: kept, and without effect. */
      readonly ignored?: true
    }
  /** A DeployEvent of the host's engine. */
  | { readonly kind: 'step'; readonly event: unknown }
  /** There was more than is kept; states still are. */
  | { readonly kind: 'dropped' }

export interface DeploymentRange {
  readonly app?: string | undefined
  readonly before?: { readonly createdAt: number; readonly id: string } | undefined
  readonly limit: number
}

/** Deployments to many hosts. Only `deployments/` writes here. */
export interface DeploymentRecords {
  /** Makes a deployment and desires its first phase of all hosts that fit, in one transaction. */
  create(request: NewDeployment, decide: Decider): Promise<Creation>
  /**
   * Takes all steps that are due, in one transaction that has the deployment to itself. Any server may, at any time. Answers
   * its state; undefined when there is none of this id, or another server is at it and `skipLocked`.
   */
  advance(id: string, options: AdvanceOptions): Promise<DeploymentState | undefined>
  find(id: string): Promise<StoredDeployment | undefined>
  hosts(id: string): Promise<StoredDeploymentHost[]>
  /** Newest first. */
  list(range: DeploymentRange): Promise<StoredDeployment[]>
  /** Ids of those that have not ended, oldest first, at most `limit`. */
  unfinished(limit: number): Promise<string[]>
  events(
    id: string,
    range: { readonly after: number; readonly limit: number },
  ): Promise<StoredEvent[]>
  /** Forgets at most `limit` events of deployments that ended before `events`, and deployments from before `deployments` that no host needs. Answers how many rows. */
  prune(
    before: { readonly events: number; readonly deployments: number },
    limit: number,
  ): Promise<number>
}

export interface AdvanceOptions {
  readonly at: number
  readonly decide: Decider
  /** Called off by somebody: why. Nothing happens when it cannot be any more. */
  readonly stop?: ReportedError | undefined
  readonly skipLocked?: boolean
}
