import type { z } from '../../config/index.ts'
import type { Clock } from '../../system/index.ts'
import type { ChannelProof, Identity } from '../../trust/index.ts'
import type { Holder, Right } from '../access/rights.ts'
import type { Tokens } from '../access/tokens.ts'
import type { AuditEntry } from '../audit/audit-entry.ts'
import type { Answer, LateAnswer } from '../server/error-response.ts'
import type { Metrics } from '../server/metrics.ts'
import type { RateClass } from '../server/rate-limits.ts'
import type { Storage } from '../storage/storage.ts'
import type { HookDoor } from '../triggers/sources/hook-door.ts'
import type { TriggerDefinition } from '../settings/server-settings.ts'
import type { Triggers } from '../triggers/triggers.ts'

/** What handlers work with. */
export interface Services {
  readonly storage: Storage
  readonly triggers: Triggers
  readonly definitions: ReadonlyMap<string, TriggerDefinition>
  readonly hooks: HookDoor
  readonly tokens: Tokens
  readonly metrics: Metrics
  readonly identity: Identity
  readonly clock: Clock
  /** False as soon as the server is told to end. */
  isOpen(): boolean
}

export interface RouteRequest<Body = unknown, Query = unknown> {
  /** From the path, by the names in its braces. */
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  readonly body: Body
  /** The body before it was read as anything: what signatures are over. */
  readonly rawBody: Buffer
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  /** Undefined on routes that need no token. */
  readonly holder: Holder | undefined
  /** The address it came from. */
  readonly from: string
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal
  /** Proves who we are over this very connection. @throws AppError `channel-unbound`. */
  prove(nonce: Buffer): ChannelProof
  /** Adds to the audit log; resolves when that is durable. */
  audit(entry: Omit<AuditEntry, 'at' | 'from'>): Promise<void>
}

/** One row of the table: router, rights, limits, OpenAPI, documents and the rights test are made from it. */
export interface Route<Body = unknown, Query = unknown> {
  /** Stable: it stands in logs, metrics and the audit log. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With the parameters in braces, as in OpenAPI. */
  readonly path: string
  /** One line without a full stop. */
  readonly summary: string
  /** Undefined: anybody, without a token. */
  readonly needs?: Right
  /** Of a JSON body; without one the route takes no JSON. */
  readonly body?: z.ZodType<Body>
  readonly query?: z.ZodType<Query>
  /** Bytes; 0 where no body is read. */
  readonly bodyCap: number
  readonly rate: RateClass
  /** The answer may be late; then the token is looked at once more before it. */
  readonly holds?: boolean
  /** Refusals go into the audit log; what is done, the handler records. */
  readonly audited?: boolean
  handle(services: Services, request: RouteRequest<Body, Query>): Promise<Answer | LateAnswer>
}

/** Types a row's handler by its schemas. */
export function route<Body = unknown, Query = unknown>(row: Route<Body, Query>): Route {
  return row
}

export function ok(body: unknown, status = 200): Answer {
  return { status, body }
}
