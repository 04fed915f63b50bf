import type { z } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import type { Clock } from '../../system/index.ts'
import type { ChannelBinding, ChannelProof, Identity } from '../../trust/index.ts'
import type { Holder, RequestObject, Right } from '../access/rights.ts'
import type { Tokens } from '../access/tokens.ts'
import type { AgentDesk } from '../agents/agent-desk.ts'
import type { JoinTokens } from '../agents/join-tokens.ts'
import type { Agents } from '../agents/open-agents.ts'
import type { AuditEntry } from '../audit/audit-entry.ts'
import type { Deployments } from '../deployments/deployments.ts'
import type { Answer, LateAnswer } from '../server/error-response.ts'
import type { Metrics } from '../server/metrics.ts'
import type { RateClass } from '../server/rate-limits.ts'
import type { ReleaseFiles } from '../releases/release-files.ts'
import type { ProstagmaDoor } from '../prostagma/prostagma-door.ts'
import type { RelayDoor } from '../relay/relay-door.ts'
import type { Storage } from '../storage/storage.ts'
import type { HookDoor } from '../triggers/sources/hook-door.ts'
import type { TriggerDefinition } from '../settings/server-settings.ts'
import type { Starts } from '../triggers/starts.ts'
import type { Triggers } from '../triggers/triggers.ts'

/** What handlers work with. */
export interface Services {
  readonly storage: Storage
  readonly archives: ReleaseFiles
  /** Undefined when nothing may be fetched for others. */
  readonly relay: RelayDoor | undefined
  readonly triggers: Triggers
  readonly definitions: ReadonlyMap<string, TriggerDefinition>
  readonly hooks: HookDoor
  /** Undefined unless Prostagma's clients are served. */
  readonly prostagma: ProstagmaDoor | undefined
  readonly tokens: Tokens
  readonly agents: Agents
  readonly joinTokens: JoinTokens
  readonly desk: AgentDesk
  readonly deployments: Deployments
  readonly starts: Starts
  readonly metrics: Metrics
  /** The part of /metrics that is read from the database. */
  readonly fleetMetrics: () => Promise<string>
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
  /** The body of a route that streams. @throws AppError `request-too-large`, `request-invalid`. */
  readonly stream: () => AsyncIterable<Buffer>
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
  /** What proofs over this connection are bound to. @throws AppError `channel-unbound`. */
  binding(): ChannelBinding
  /** Adds to the audit log; resolves when that is durable. */
  audit(entry: Omit<AuditEntry, 'at' | 'from'>): Promise<void>
}

/** One row of the table: router, rights, limits, OpenAPI, documents and the rights test are made from it. */
export interface Route<Body = unknown, Query = unknown> {
  /** Stable: it stands in logs, metrics and the audit log. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
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
  /** In place of `bodyCap` bytes in memory the handler reads a stream, once the sender is known and allowed to send it. */
  readonly streams?: { readonly cap: number }
  /** Answers with a file, so HEAD is answered too. */
  readonly sendsFile?: boolean
  /** What the query says the request is about, for the rights; the path's parameters count anyway. */
  about?(query: Query): RequestObject
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

/** @throws AppError `request-invalid`. */
export function readKey(headers: ReadonlyMap<string, string>): string | undefined {
  const key = headers.get('idempotency-key')
  if (key === undefined || /^[\x21-\x7e]{1,200}$/.test(key)) return key
  throw new AppError('request-invalid', 'Idempotency-Key is not 1 to 200 printable characters')
}
