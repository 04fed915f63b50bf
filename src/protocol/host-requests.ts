import type { Outcome, ReportedError } from '../events/index.ts'

// What can be asked of one host: the same plain data for flags, for the wire and for the engine.

/** Asks for a release to go live on this host. */
export interface DeployRequest {
  /** A path to an archive, a file name in the store, `name@version`, `name@latest` or `sha256:…`. */
  readonly release: string
  /** Label of the new deploy; `<name>-<version>` with a number when that is taken, unless given. */
  readonly label?: string
  /** Endpoints to switch; those the app is connected to, else those configured for it, unless given. */
  readonly endpoints?: readonly string[]
  /** Role whose overrides in release.json apply. */
  readonly role?: string
}

/** Asks for a running deploy without any endpoint. */
export type StartRequest = Omit<DeployRequest, 'endpoints'>

/** Asks to go back to an earlier binding: the last one of another archive unless `to` names a deployment or a label. */
export interface RollbackRequest {
  readonly app?: string
  readonly to?: string
  /** Why, for the quarantine record and the history. */
  readonly reason?: string
}

export interface ConnectRequest {
  readonly endpoint: string
  /** `LABEL`, or `APP/LABEL` when two apps have that label. */
  readonly deploy: string
}

export type DeploymentKind = 'deploy' | 'start' | 'stop' | 'connect' | 'disconnect' | 'rollback'

/** Which of a server's deployments a host works on. */
export interface GatedBy {
  /** The life of the server's database; generations of another one cannot be compared. */
  readonly epoch: string
  readonly deployment: string
  /** Grows with every deployment that concerns this app on this host. */
  readonly generation: number
}

/** A person has worked on an app that a server manages; the server leaves it alone until somebody lifts that. */
export interface Hold {
  readonly by: string
  readonly at: number
  /** What was done; the host's own id. */
  readonly deployment: string
}

/** A named release and its bytes. */
export interface ReleaseIdentity {
  readonly name: string
  readonly version: string
  /** sha256 of the archive, hexadecimal. */
  readonly digest: string
}

/** What a deployment will do; pure data, shown by --dry-run. `hash` covers everything else in it. */
export interface HostPlan {
  readonly kind: DeploymentKind
  readonly app: string
  readonly release: ReleaseIdentity
  /** What is bound now, when something is. */
  readonly replaces: (ReleaseIdentity & { readonly label: string }) | undefined
  readonly label: string
  readonly driver: string
  readonly endpoints: readonly {
    readonly name: string
    readonly from: string | undefined
    readonly mode: string
  }[]
  readonly steps: readonly {
    readonly name: string
    readonly note: string
    readonly pointOfNoReturn: boolean
  }[]
  /** Files the release's templates render to. */
  readonly renders: readonly string[]
  readonly warnings: readonly string[]
  readonly hash: string
}

/** Requests seen by the probe through the endpoint in one phase of a deployment. */
export interface TrafficCount {
  readonly sent: number
  readonly failed: number
  /** Milliseconds. */
  readonly p99: number | undefined
}

/** The zero-downtime statement of a deployment. */
export interface TrafficStatement {
  readonly endpoint: string
  readonly before: TrafficCount
  readonly during: TrafficCount
  readonly after: TrafficCount
}

/** What a finished deployment tells. */
export interface DeploymentResult {
  readonly deployment: string
  readonly kind: DeploymentKind
  readonly app: string
  readonly outcome: Outcome
  readonly label: string | undefined
  readonly release: ReleaseIdentity | undefined
  readonly startedAt: number
  readonly milliseconds: number
  /** `not proved` when the release has no check. */
  readonly proof: 'proved' | 'not proved' | 'none needed'
  readonly traffic: TrafficStatement | undefined
  readonly error: (ReportedError & { readonly step?: string }) | undefined
  /** The deploy that serves now, for the person who reads a failure. */
  readonly serving:
    | {
        readonly label: string
        readonly release: ReleaseIdentity
        readonly endpoints: readonly string[]
      }
    | undefined
}

/** One line of history: a deployment, or a release that was taken out of quarantine. */
export type HistoryEntry = DeploymentSummary | LiftSummary

export interface LiftSummary {
  readonly kind: 'lift'
  readonly app: string
  readonly by: string
  readonly startedAt: number
  readonly release: ReleaseIdentity
  /** Why it may be deployed again, in the words of whoever lifted it. */
  readonly reason: string
  readonly rejected: { readonly reason: string; readonly by: string; readonly at: number }
}

export interface DeploymentSummary {
  readonly deployment: string
  readonly kind: DeploymentKind | 'unknown'
  readonly app: string
  readonly by: string
  readonly startedAt: number
  readonly milliseconds: number | undefined
  readonly outcome: Outcome | 'unfinished'
  readonly release: ReleaseIdentity | undefined
  readonly label: string | undefined
  readonly error: string | undefined
}

/** Everything the journal knows of a deployment. */
export interface DeploymentDetail extends DeploymentSummary {
  readonly request: unknown
  readonly steps: readonly {
    readonly name: string
    readonly state: 'waiting' | 'running' | 'finished' | 'failed' | 'undone' | 'undo failed'
    readonly startedAt: number | undefined
    readonly milliseconds: number | undefined
    readonly detail: string | undefined
  }[]
  readonly failure: ReportedError | undefined
  readonly traffic: TrafficStatement | undefined
}

export interface DeployStatus {
  readonly label: string
  readonly release: ReleaseIdentity
  readonly driver: string
  /** What the driver sees now. */
  readonly state: 'running' | 'stopped' | 'failing' | 'unknown' | 'staged'
  readonly pid: number | undefined
  readonly restarts: number | undefined
  readonly port: number | undefined
  readonly socket: string | undefined
  readonly endpoints: readonly string[]
  readonly current: boolean
  readonly pinned: boolean
  /** Files that differ from what was staged, empty when none. */
  readonly drift: readonly { readonly file: string; readonly difference: 'changed' | 'missing' }[]
}

export interface EndpointStatus {
  readonly name: string
  readonly serverNames: readonly string[]
  readonly tls: boolean
  readonly app: string | undefined
  /** `APP/LABEL`, or undefined when not connected. */
  readonly deploy: string | undefined
  readonly generation: number
  /** What a probe through the endpoint found just now. */
  readonly probe:
    | {
        readonly generation: number | undefined
        readonly status: number | undefined
        readonly milliseconds: number
      }
    | undefined
}

export interface AppStatus {
  readonly app: string
  readonly binding:
    | {
        readonly deployment: string
        readonly at: number
        readonly label: string
        readonly release: ReleaseIdentity
      }
    | undefined
  readonly deploys: readonly DeployStatus[]
  readonly quarantine: readonly {
    readonly digest: string
    readonly name: string
    readonly version: string
    readonly reason: string
    readonly by: string
    readonly at: number
  }[]
  /** A deployment that did not end, if any. */
  readonly unfinished: string | undefined
  /** The last thing a server wanted here that was reached, if any. */
  readonly managed?: GatedBy | undefined
  readonly hold?: Hold | undefined
  readonly lockedBy: string | undefined
}

export interface HostStatus {
  readonly host: string
  readonly root: string
  readonly proxy: {
    readonly driver: string
    readonly mode: string
    readonly problems: readonly string[]
  }
  readonly apps: readonly AppStatus[]
  readonly endpoints: readonly EndpointStatus[]
}
