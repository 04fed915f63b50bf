/** The columns of the tables about deployments, part of `Tables`. */
export interface FleetTables {
  deployments: DeploymentRow
  deployment_hosts: DeploymentHostRow
  desires: DesireRow
  deployment_events: DeploymentEventRow
  rejected_releases: RejectedReleaseRow
  script_runs: ScriptRunRow
  script_events: ScriptEventRow
}

export interface DeploymentRow {
  readonly id: string
  readonly app: string
  readonly digest: string
  /** JSON: label → value. */
  readonly selector: string
  /** JSON: names; null for the host's own rule. */
  readonly endpoints: string | null
  readonly state: string
  readonly requested_by: string
  readonly source: string
  readonly created_at: number
  readonly changed_at: number
  readonly deadline: number | null
  readonly finished_at: number | null
  /** JSON: code, message, hint. */
  readonly error: string | null
  /** How many were recorded: the last number. */
  readonly events: number
  readonly request_digest: string | null
  readonly reason: string | null
  readonly committed_at: number | null
  readonly event_bytes: number
}

export interface DeploymentHostRow {
  readonly deployment: string
  readonly agent: string
  readonly generation: number
  readonly state: string
  /** 0 or 1. */
  readonly owed: number
  readonly local_deployment: string | null
  readonly error: string | null
  readonly traffic: string | null
  readonly changed_at: number
}

export interface DesireRow {
  readonly agent: string
  readonly app: string
  readonly generation: number
  readonly deployment: string
  readonly phase: string
  readonly hold_released_at: number | null
}

export interface DeploymentEventRow {
  readonly deployment: string
  readonly number: number
  readonly agent: string | null
  readonly at: number
  readonly content: string
}

export interface RejectedReleaseRow {
  readonly app: string
  readonly digest: string
  readonly version: string
  readonly reason: string
  readonly rejected_by: string
  readonly rejected_at: number
}

export interface ScriptRunRow {
  readonly id: string
  readonly start: string | null
  readonly agent: string
  readonly script: string
  readonly trigger_name: string
  readonly sequence: number
  readonly requested_by: string
  readonly state: string
  readonly error: string | null
  readonly created_at: number
  readonly changed_at: number
  readonly events: number
  readonly event_bytes: number
}

export interface ScriptEventRow {
  readonly run: string
  readonly number: number
  readonly at: number
  readonly content: string
}
