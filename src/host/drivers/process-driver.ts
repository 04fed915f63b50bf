import type { Clock } from '../../system/index.ts'

/** Everything needed to run a deploy's process; plain data, so that keeper and systemd units can be made from it. */
export interface ServiceSpec {
  readonly app: string
  readonly label: string
  /** The deploy's directory, and the process's working directory. */
  readonly directory: string
  /** A line for /bin/sh. */
  readonly command: string
  /** A line that stops what `command` left running; only the `command` driver uses it. */
  readonly stopCommand: string
  /** The whole environment; names checked by grammar. */
  readonly env: Readonly<Record<string, string>>
  readonly owner: { readonly uid: number; readonly gid: number; readonly user: string } | undefined
  readonly port: number | undefined
  /** Path of the unix socket the process must create; unlinked before each start. */
  readonly socket: string | undefined
  readonly stopSignal: 'SIGTERM' | 'SIGINT' | 'SIGQUIT'
  /** Milliseconds between the stop signal and SIGKILL. */
  readonly grace: number
  /** Standard output and error are appended here. */
  readonly logFile: string
  /** Bytes of log kept (head is dropped); twice that may be on the disk for a moment. */
  readonly logLimit: number
}

export type ServiceState =
  | { readonly state: 'running'; readonly pid: number | undefined; readonly restarts: number }
  | { readonly state: 'stopped' }
  /** It keeps ending; the driver waits before the next try. */
  | { readonly state: 'failing'; readonly restarts: number; readonly lastEnd: string }
  /** This driver cannot tell. */
  | { readonly state: 'unknown' }

export interface DriverContext {
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Runs deploys' processes. Every driver passes test/conformance/driver-conformance.ts.
 *
 * Contract
 * - `start` of what runs already and `stop` of what does not are success, so both can be repeated after a crash.
 * - What was started outlives the caller.
 * - `stop` returns when nothing of the deploy is left, or throws `stop-failed`.
 */
export interface ProcessDriver {
  readonly name: 'command' | 'systemd' | 'supervised'
  start(spec: ServiceSpec, context: DriverContext): Promise<void>
  stop(spec: ServiceSpec, context: DriverContext): Promise<void>
  observe(spec: ServiceSpec): Promise<ServiceState>
  /** Pids of the deploy, to prove that a listener is its own; undefined when this driver cannot prove it. */
  ownPids(spec: ServiceSpec): Promise<Iterable<number> | undefined>
}
