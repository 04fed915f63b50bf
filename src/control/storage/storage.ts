import type { Secret } from '../../system/index.ts'
import type { AuditRecords } from './audit-records.ts'
import type { DeploymentRecords } from './deployment-records.ts'
import type { DesireRecords } from './desire-records.ts'
import type { FigureRecords } from './figure-records.ts'
import type { AgentRecords } from './agent-records.ts'
import type { ChangedKind, ChangeHint } from './changes.ts'
import type { JoinTokenRecords } from './join-token-records.ts'
import type { LeaseRecords } from './lease-records.ts'
import type { RejectedRecords } from './rejected-records.ts'
import type { ReleaseRecords } from './release-records.ts'
import type { ScriptRunRecords } from './script-run-records.ts'
import type { StartRecords } from './start-records.ts'
import type { TokenRecords } from './token-records.ts'
import type { TriggerRecords } from './trigger-records.ts'

/**
 * What the control server must not forget, by aggregate. Every call is one transaction, durable when it resolves.
 * Ids and times come in as arguments; only leases look at the database's own clock.
 *
 * A transaction may be tried again, also when it is not known whether the database has committed it. So each one
 * looks first whether its work is done, and doing it twice has one effect.
 */
export interface Storage {
  /** Names this database's life: another one after a restore or in a new database. */
  readonly epoch: string
  /** Whether other servers may change the same database. */
  readonly isShared: boolean
  readonly triggers: TriggerRecords
  readonly leases: LeaseRecords
  readonly figures: FigureRecords
  readonly tokens: TokenRecords
  readonly audit: AuditRecords
  readonly releases: ReleaseRecords
  readonly deployments: DeploymentRecords
  readonly desires: DesireRecords
  readonly rejected: RejectedRecords
  readonly scriptRuns: ScriptRunRecords
  readonly starts: StartRecords
  readonly agents: AgentRecords
  readonly joinTokens: JoinTokenRecords
  /** The private key of all servers of this database: the given one, unless there is one already. */
  keepPrivateKey(key: Secret, at: number): Promise<Secret>
  /** Begins another life of this database, after a backup was put back; for servers that are opened from now on. */
  changeEpoch(epoch: string): Promise<void>
  /**
   * Calls `hint` with the triggers that another server may have raised, or the agents that any server, this one too, has
   * changed; undefined for any of them. Hints of other servers may be lost: whoever needs to know polls as well. Answers
   * how to stop.
   */
  onChanged(kind: ChangedKind, hint: ChangeHint): () => void
  close(): Promise<void>
}

export type StorageLocation =
  /** One file, for one server. */
  | { readonly kind: 'sqlite'; readonly path: string }
  /** A database that several servers may share; the address holds a password. */
  | { readonly kind: 'postgres'; readonly url: Secret }
