import type { DesiredState, HostReport } from '../../protocol/index.ts'
import type { Selector, StoredDeployment, StoredEvent } from '../storage/deployment-records.ts'
import type { WaitOptions } from '../triggers/triggers.ts'

/** What somebody asks for. */
export interface DeploymentRequest {
  readonly app: string
  /** `latest`, a version, a pattern such as `1.*`, or `sha256:…`. */
  readonly release: string
  readonly to: Selector
  /** To switch; each host's own rule unless given. */
  readonly endpoints?: readonly string[] | undefined
  /** Id of the token. */
  readonly by: string
  readonly reason?: string | undefined
  /** The same key of the same token asks for the same deployment. */
  readonly key?: string | undefined
}

export interface Requested {
  readonly deployment: StoredDeployment
  readonly isRepeat: boolean
}

/**
 * Deployments to many hosts: the server decides and remembers. Nobody owns one: each call takes, in one transaction, whatever
 * step is due, and so does a look every second, on any server.
 */
export interface Deployments {
  /**
   * Desires a release of all hosts that fit; resolves when that is durable.
   * @throws AppError `release-not-found`, `not-found` when no host fits, `quarantined`, `deployment-unfinished`, `key-reused`.
   */
  request(request: DeploymentRequest): Promise<Requested>
  /** Calls it off before its commit. @throws AppError `not-found`, `request-invalid` when it is too late. */
  cancel(
    id: string,
    how: { readonly by: string; readonly reason: string },
  ): Promise<StoredDeployment>
  /** Events after `after`, at most 500; waits for one up to the time-out when there is none yet. */
  eventsAfter(id: string, after: number, options: WaitOptions): Promise<readonly StoredEvent[]>
  /** All that an agent's host is to do now; undefined when there is no such agent. */
  desiredOf(agent: string): Promise<DesiredState | undefined>
  /** Takes reports durably, each number once; answers the last number that the server has, undefined when there is no such agent. */
  takeReports(agent: string, reports: readonly HostReport[]): Promise<number | undefined>
  /** Takes the steps that are due of all that have not ended. */
  look(): Promise<void>
  /** Answers whoever waits for events, now and later. */
  letGo(): void
  /** Lets everybody who waits go, and ends. The storage stays open. */
  close(): Promise<void>
}
