import type { FleetTables } from './fleet-rows.ts'

/** The columns of each table as both databases give them. Times are milliseconds since 1970. */
export interface Tables extends FleetTables {
  meta: MetaRow
  triggers: TriggerRow
  trigger_events: TriggerEventRow
  leases: LeaseRow
  tokens: TokenRow
  audit_entries: AuditEntryRow
  audit_head: AuditHeadRow
  agents: AgentRow
  releases: ReleaseRow
  join_tokens: JoinTokenRow
  server_identity: ServerIdentityRow
}

export interface MetaRow {
  readonly name: string
  readonly value: string
}

export interface TriggerRow {
  readonly name: string
  readonly sequence: number
  readonly defined_at: number
  readonly policy: string
}

export interface TriggerEventRow {
  readonly trigger_name: string
  readonly sequence: number
  readonly raise_id: string
  readonly idempotency_key: string | null
  readonly request_digest: string | null
  readonly raised_at: number
  readonly raised_by: string
  readonly source: string
  readonly outcome: string | null
  readonly superseded_by: number | null
}

export interface LeaseRow {
  readonly name: string
  readonly owner: string
  readonly fence: number
  readonly held_until: number
}

export interface TokenRow {
  readonly id: string
  readonly kind: string
  readonly scope: string
  readonly hash: string
  readonly note: string
  readonly created_at: number
  readonly created_by: string
  readonly expires_at: number
  readonly used_at: number | null
  readonly revoked_at: number | null
}

export interface AuditEntryRow {
  readonly sequence: number
  readonly entry_id: string
  readonly content: string
  readonly hash: string
}

export interface AuditHeadRow {
  readonly name: string
  readonly sequence: number
  readonly hash: string
}

export interface AgentRow {
  readonly id: string
  readonly name: string
  readonly public_key: string
  readonly labels: string
  readonly state: string
  readonly join_shown: string | null
  readonly join_given: string | null
  readonly revision: number
  readonly reported: number
  readonly created_at: number
  readonly seen_at: number | null
  readonly observed: string | null
  readonly observed_at: number | null
  readonly join_token: string | null
  readonly last_nonce: string | null
}

export interface JoinTokenRow {
  readonly id: string
  readonly hash: string
  readonly labels: string
  readonly uses_left: number
  readonly created_at: number
  readonly created_by: string
  readonly expires_at: number
  readonly revoked_at: number | null
}

export interface ServerIdentityRow {
  readonly name: string
  readonly private_key: string
  readonly created_at: number
}

export interface ReleaseRow {
  readonly digest: string
  readonly name: string
  readonly version: string
  readonly size: number
  readonly file: string
  readonly statement: string | null
  readonly signatures: string | null
  readonly published_at: number
  readonly published_by: string
}
