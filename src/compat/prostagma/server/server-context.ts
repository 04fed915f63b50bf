import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Ask, Relay, Triggers } from '../../../control/index.ts'
import type { Log } from '../log.ts'
import type { ServerSettings } from '../settings.ts'
import type { ServerMetrics } from './server-metrics.ts'

/** What the routes of the server work with. */
export interface ServerContext {
  readonly settings: ServerSettings
  readonly triggers: Triggers
  readonly relay: Relay
  readonly metrics: ServerMetrics
  readonly log: Log
  /** The environment of the aws CLI. */
  readonly childEnv: Readonly<Record<string, string>>
  /** Aborted when the server is to end. */
  readonly signal: AbortSignal
}

/** A request whose body was read and whose secret was right. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly ask: Ask
  /** Remote address and port. */
  readonly ip: string
}

export type Route = (exchange: Exchange, context: ServerContext) => Promise<void>
