import type { Route, RouteTable, Target } from './routes.ts'

/** What a probe through the proxy found. */
export interface ProbeResult {
  /** The generation the proxy itself says the endpoint is at; undefined when it did not answer. */
  readonly generation: number | undefined
  /** Status of a request through the public door of the endpoint; undefined when none came. */
  readonly status: number | undefined
  readonly milliseconds: number
}

export interface ProbeOptions {
  /** Path asked for through the endpoint. */
  readonly path: string
  /** Milliseconds for each of the two questions. */
  readonly timeout: number
}

/**
 * What stands in front of the deploys. Every driver passes test/conformance/proxy-conformance.ts.
 *
 * Contract
 * - `apply` is called under the host's proxy lock and with the table already durable; it returns when the proxy has
 *   taken the table over, or throws `proxy-failed` and the previous table still serves. Calling it again with the
 *   same table is harmless: that is how a crash is repaired.
 * - A driver keeps nothing that cannot be made again from the table.
 */
export interface ProxyDriver {
  readonly name: 'embedded' | 'nginx'
  readonly mode: 'proxy' | 'socket' | 'reload'
  /** @throws AppError `endpoint-unsuitable` at plan time when this mode cannot serve such a target. */
  assertSuitable(target: Pick<Target, 'kind'>): void
  /** Starts the proxy if it is ours and not running; harmless otherwise. */
  ensureRunning(table: RouteTable): Promise<void>
  apply(table: RouteTable): Promise<void>
  /** Replaces a proxy process of ours that runs another executable, without losing a request; true when it did. */
  renew?(): Promise<boolean>
  probe(route: Route, options: ProbeOptions): Promise<ProbeResult>
  /** Requests and upgraded connections a deploy still serves; undefined when this driver cannot know. */
  openConnections(target: Target): Promise<number | undefined>
  /** Problems worth telling in `doctor` and `status`, empty when all is well. */
  diagnose(): Promise<readonly string[]>
}
