import type { Reporter } from '../events/index.ts'
import { openProxyDriver, openRouteStore } from '../proxy/index.ts'
import { openStore } from '../release/index.ts'
import {
  makeDirectory,
  ownCommand,
  randomText,
  systemClock,
  type Clock,
  type RandomText,
} from '../system/index.ts'
import type { DeploymentGate } from './deploy/deployment-gate.ts'
import { chooseDriver, openDriver } from './drivers/choose-driver.ts'
import { openSystemctl, runtimeUnits } from './drivers/systemctl.ts'
import { createProxyStart } from './drivers/systemd-proxy.ts'
import { createSystemdTimers } from './drivers/systemd-timers.ts'
import type { Host } from './host.ts'
import { openKeeperClient, type KeeperClient, type RevertTimers } from './keeper/keeper-client.ts'
import type { HostSettings } from './settings/host-settings.ts'

export interface HostOptions {
  readonly settings: HostSettings
  readonly report: Reporter
  readonly signal: AbortSignal
  /** Who asks, for journals and locks. */
  readonly operator: string
  /** Milliseconds to wait for a lock; 0 unless given. */
  readonly wait?: number
  readonly clock?: Clock
  readonly randomText?: RandomText
  readonly gate?: DeploymentGate
}

/** Milliseconds a release's own start or stop line may take. */
const commandTimeout = 10 * 60_000

/** Opens the doors of this host; nothing is started or changed yet. */
export function openHost(options: HostOptions): Host {
  const { settings, clock = systemClock } = options
  const place = { root: settings.root, runDir: settings.runDir }
  makeDirectory(settings.root)
  makeDirectory(settings.runDir)
  const own = [...ownCommand(), '--config', settings.file]
  const keeper = openKeeperClient({
    runDir: settings.runDir,
    command: [...own, 'host', 'keep'],
    clock,
  })
  return {
    settings,
    layout: place,
    clock,
    randomText: options.randomText ?? randomText,
    report: options.report,
    signal: options.signal,
    operator: options.operator,
    wait: options.wait ?? 0,
    // Opened when it is needed: most deeds, and archives given by path, need none.
    get store() {
      return openStore(settings.store, { clock, ...tokenOf(settings) })
    },
    proxy: openProxyDriver({ ...place, settings: settings.proxy, ...proxyStart(settings) }),
    routes: openRouteStore(settings.root),
    timers: openTimers(settings, keeper, clock),
    ...(options.gate === undefined ? {} : { gate: options.gate }),
    driver: (name) =>
      openDriver(name, {
        service: settings.driver,
        runDir: settings.runDir,
        keeper,
        command: { timeout: commandTimeout },
      }),
  }
}

/** With systemd the timers are its own; elsewhere, and for a host that asks for the keeper, the keeper has them. */
function openTimers(settings: HostSettings, keeper: KeeperClient, clock: Clock): RevertTimers {
  if (!isManaged(settings)) return keeper
  return createSystemdTimers({ systemctl: openSystemctl(), clock })
}

/** With systemd the embedded proxy is a unit; elsewhere it is a process that we start. */
function proxyStart(settings: HostSettings): { readonly start?: () => Promise<void> } {
  if (!isManaged(settings)) return {}
  const start = createProxyStart({
    root: settings.root,
    runDir: settings.runDir,
    command: [...ownCommand(), 'proxy', 'serve'],
    drainWithin: settings.proxy.drainWithin ?? 60_000,
    unitDirectory: runtimeUnits,
    systemctl: openSystemctl(),
  })
  return { start }
}

function isManaged(settings: HostSettings): boolean {
  return chooseDriver(true, { service: settings.driver }) === 'systemd'
}

function tokenOf({ storeTokenFile }: HostSettings): { readonly tokenFile?: string } {
  return storeTokenFile === undefined ? {} : { tokenFile: storeTokenFile }
}
