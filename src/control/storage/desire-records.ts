import type { DesiredState, HostReport } from '../../protocol/index.ts'
import type { Selector } from './deployment-records.ts'

/** What a host is to do, without what only the caller knows. */
export type StoredDesires = Pick<DesiredState, 'revision' | 'apps' | 'rejected' | 'scripts'>

/** What reports have changed. */
export interface TakenReports {
  /** The last number that counted. */
  readonly upTo: number
  /** Deployments that may go on now. */
  readonly deployments: readonly string[]
  readonly alarms: readonly { readonly code: string; readonly message: string }[]
  /** Digests that this host has rejected, for all. */
  readonly rejected: readonly { readonly app: string; readonly digest: string }[]
}

/** One app on one host: what is wanted of it and how it stands there. */
export interface FleetApp {
  readonly app: string
  readonly desired?: {
    readonly deployment: string
    readonly version: string
    readonly digest: string
    readonly generation: number
    readonly phase: string
    /** What the host has made of it. */
    readonly state: string
    readonly owed: boolean
  }
  readonly actual?: {
    readonly generation: number
    readonly version?: string
    readonly digest?: string
    readonly drifted: readonly string[]
    readonly heldBy?: string
    readonly heldSince?: number
  }
}

export interface FleetHost {
  readonly agent: string
  readonly name: string
  readonly labels: Selector
  readonly state: string
  readonly seenAt: number | null
  readonly observedAt: number | null
  readonly apps: readonly FleetApp[]
}

/** Desired states and what hosts report of them. Only `deployments/` writes here. */
export interface DesireRecords {
  /** Of those agents that exist. */
  read(agents: readonly string[]): Promise<ReadonlyMap<string, StoredDesires>>
  /** Counts each report once; undefined when there is no such agent. */
  takeReports(
    agent: string,
    reports: readonly HostReport[],
    at: number,
  ): Promise<TakenReports | undefined>
  /** Lifts the hold on an app that was set before `at`. False when nothing of it is desired there. */
  releaseHold(agent: string, app: string, at: number): Promise<boolean>
  /** Hosts by name after `after`, at most `limit`. */
  fleet(range: { readonly after: string; readonly limit: number }): Promise<FleetHost[]>
}
