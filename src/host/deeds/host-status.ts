import { join } from 'node:path'

import type { AppStatus, DeployStatus, EndpointStatus, HostStatus } from '../../protocol/index.ts'
import type { Route, RouteTable } from '../../proxy/index.ts'
import { isAlive, lastHolder } from '../../system/index.ts'
import { findDeployRecord } from '../deploy/deploy-record.ts'
import { connectedEndpoints } from '../deploy/deploy-target.ts'
import { findDrift } from '../deploy/find-drift.ts'
import { serviceSpec, socketPath } from '../deploy/service-spec.ts'
import type { ServiceState } from '../drivers/process-driver.ts'
import type { Host } from '../host.ts'
import { appPaths } from '../layout.ts'
import { currentBinding, type AppState, type DeployEntry } from '../state/app-state.ts'
import { readAppState } from '../state/locked-app.ts'
import { chooseApps } from './choose-app.ts'

export interface StatusWish {
  readonly app?: string
  /** Whether to ask every endpoint through the proxy. */
  readonly probe: boolean
  /** Whether to read every staged file again. */
  readonly drift: boolean
}

interface Look extends StatusWish {
  readonly table: RouteTable
}

/** What is on this host and what of it works; takes no lock and changes nothing. */
export async function readHostStatus(host: Host, wish: StatusWish): Promise<HostStatus> {
  const table = host.routes.load()
  const apps: AppStatus[] = []
  for (const app of chooseApps(host, wish.app)) {
    apps.push(await readAppStatus(host, app, { ...wish, table }))
  }
  const endpoints: EndpointStatus[] = []
  for (const route of Object.values(table.routes))
    endpoints.push(await readEndpoint(host, route, wish.probe))
  return {
    host: host.settings.host.name,
    root: host.layout.root,
    proxy: {
      driver: host.proxy.name,
      mode: host.proxy.mode,
      problems: await host.proxy.diagnose(),
    },
    apps,
    endpoints: wish.app === undefined ? endpoints : endpoints.filter(({ app }) => app === wish.app),
  }
}

async function readAppStatus(host: Host, app: string, look: Look): Promise<AppStatus> {
  const state = readAppState(host.layout, app)
  const binding = currentBinding(state)
  const deploys: DeployStatus[] = []
  for (const entry of Object.values(state.deploys))
    deploys.push(await readDeploy(host, look, { state, entry }))
  return {
    app,
    binding,
    deploys,
    quarantine: Object.entries(state.quarantine).map(([digest, entry]) => ({ digest, ...entry })),
    unfinished: state.unfinished,
    managed: state.managed,
    hold: state.hold,
    lockedBy: describeHolder(appPaths(host.layout, app).lock),
  }
}

async function readDeploy(
  host: Host,
  { table, drift }: Look,
  { state, entry }: { readonly state: AppState; readonly entry: DeployEntry },
): Promise<DeployStatus> {
  const directory = join(appPaths(host.layout, state.app).deploys, entry.label)
  const record = findDeployRecord(directory)
  const observed: ServiceState =
    record === undefined || entry.wanted !== 'running'
      ? { state: 'stopped' }
      : await host.driver(entry.driver).observe(serviceSpec(host, state.app, entry, record))
  return {
    label: entry.label,
    release: entry.release,
    driver: entry.driver,
    state: entry.wanted === 'staged' ? 'staged' : observed.state,
    pid: observed.state === 'running' ? observed.pid : undefined,
    restarts: 'restarts' in observed ? observed.restarts : undefined,
    port: entry.port,
    socket: socketPath(entry),
    endpoints: connectedEndpoints(table, state.app, entry.label),
    current: currentBinding(state)?.label === entry.label,
    pinned: state.pins.includes(entry.release.digest),
    drift: record === undefined || !drift ? [] : await findDrift(directory, record),
  }
}

async function readEndpoint(host: Host, route: Route, probe: boolean): Promise<EndpointStatus> {
  const { endpoint, target, generation } = route
  return {
    name: endpoint.name,
    serverNames: endpoint.serverNames,
    tls: endpoint.tls !== undefined,
    app: target?.app ?? endpoint.app,
    deploy: target === undefined ? undefined : `${target.app}/${target.label}`,
    generation,
    probe:
      probe && target !== undefined
        ? await host.proxy.probe(route, { path: '/', timeout: 2000 })
        : undefined,
  }
}

function describeHolder(lock: string): string | undefined {
  const holder = lastHolder(lock)
  if (holder === undefined || !isAlive(holder.process)) return undefined
  return `${holder.user} (process ${holder.process.pid}): ${holder.purpose}`
}
