import type { Reporter } from '../events/index.ts'
import {
  withEndpoints,
  type ProxyDriver,
  type RouteStore,
  type RouteTable,
  type SwitchContext,
} from '../proxy/index.ts'
import type { ReleaseStore } from '../release/index.ts'
import type { Clock, RandomText } from '../system/index.ts'
import type { ProcessDriver } from './drivers/process-driver.ts'
import type { RevertTimers } from './keeper/keeper-client.ts'
import type { DeploymentGate } from './deploy/deployment-gate.ts'
import type { HostLayout } from './layout.ts'
import type { HostSettings } from './settings/host-settings.ts'

/** One host as the deeds see it: its settings and its doors, opened by openHost. */
export interface Host {
  readonly settings: HostSettings
  readonly layout: HostLayout
  readonly clock: Clock
  readonly randomText: RandomText
  readonly report: Reporter
  readonly signal: AbortSignal
  /** Who asked, for journals and locks. */
  readonly operator: string
  /** Milliseconds to wait for a lock. */
  readonly wait: number
  readonly store: ReleaseStore
  readonly proxy: ProxyDriver
  readonly routes: RouteStore
  readonly timers: RevertTimers
  /** Says when a deployment that a server wants may go on; whoever has none takes such a deployment back. */
  readonly gate?: DeploymentGate
  driver(name: string): ProcessDriver
}

/** The recorded routes with the endpoints as the configuration has them now; nothing is written. */
export function configuredRoutes(host: Host): RouteTable {
  return followSettings(host)(host.routes.load())
}

/** Brings a table to the endpoints of sluice.yaml. */
export function followSettings({ settings }: Host): (table: RouteTable) => RouteTable {
  return (table) => withEndpoints(table, Object.values(settings.endpoints))
}

/** What the proxy domain needs to move endpoints of this host. */
export function switchContext(
  { proxy, routes, clock, report }: Host,
  signal: AbortSignal,
  path = '/',
): SwitchContext {
  return { driver: proxy, routes, clock, report, signal, probe: { path } }
}
