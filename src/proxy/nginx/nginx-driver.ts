import { AppError } from '../../errors/index.ts'
import { makeDirectory, systemClock } from '../../system/index.ts'
import { askThroughEndpoint } from '../probe-endpoint.ts'
import type { ProbeOptions, ProbeResult, ProxyDriver } from '../proxy-driver.ts'
import type { ProxyPlace, ProxySettings } from '../proxy-settings.ts'
import type { Route, RouteTable, Target } from '../routes.ts'
import {
  findChanges,
  installChanges,
  restoreChanges,
  validateAlone,
  type FileChange,
} from './config-files.ts'
import { countConnections } from './count-connections.ts'
import { pointLinks } from './endpoint-links.ts'
import { findMaster, findWorkers, notRunning, signalReload, testConfig } from './nginx-program.ts'
import { readBack } from './read-back.ts'
import { renderAppConfig, type AppConfig } from './render-app.ts'

export interface NginxOptions extends ProxyPlace {
  readonly settings: ProxySettings
  readonly mode: 'socket' | 'reload'
}

/** Milliseconds until a reloaded nginx must show the new configuration. */
const reloadWithin = 5000

/**
 * The driver for the system's own nginx. In mode `socket` a switch is one rename and nginx is not touched; in mode
 * `reload` the target stands in the configuration and every switch is a reload.
 */
export function createNginxDriver(options: NginxOptions): ProxyDriver {
  const { nginx } = options.settings
  return {
    name: 'nginx',
    mode: options.mode,
    assertSuitable: (target) => assertSuitable(options, target),
    ensureRunning: async () => {
      if (findMaster(nginx) === undefined) throw notRunning(nginx)
    },
    apply: (table) => apply(options, table),
    probe: (route, probe) => probeRoute(options, route, probe),
    openConnections: async (target) => countConnections(target),
    diagnose: async () => diagnose(options),
  }
}

function assertSuitable({ mode }: NginxOptions, target: Pick<Target, 'kind'>): void {
  if (mode === 'reload' || target.kind === 'socket') return
  throw new AppError(
    'endpoint-unsuitable',
    'mode `socket` serves deploys that listen on a unix socket, and this one listens on a port',
    {
      hint: 'let the service listen on $SLUICE_SOCKET, or set proxy.mode to `proxy` (driver embedded) or `reload`',
    },
  )
}

/** The configuration goes first, because only it can be refused; then the links, which cannot. */
async function apply(options: NginxOptions, table: RouteTable): Promise<void> {
  assertTargets(options, table)
  const wanted = renderAll(options, table)
  const changes = findChanges(options, wanted)
  for (const change of changes) await validateAlone(options, change)
  if (changes.length > 0) await install(options, changes, wanted)
  else if (!(await isServed(options, wanted))) await reload(options, wanted)
  if (options.mode === 'socket') pointLinks(options, table)
}

function assertTargets(options: NginxOptions, table: RouteTable): void {
  for (const { target } of Object.values(table.routes)) {
    if (target !== undefined) assertSuitable(options, target)
  }
}

function renderAll(options: NginxOptions, table: RouteTable): Map<string, AppConfig> {
  const byOwner = Map.groupBy(Object.values(table.routes), ownerOf)
  return new Map(
    [...byOwner].map(([owner, routes]) => [owner, renderAppConfig(routes, { ...options, owner })]),
  )
}

async function install(
  options: NginxOptions,
  changes: readonly FileChange[],
  wanted: ReadonlyMap<string, AppConfig>,
): Promise<void> {
  if (options.settings.accessLog) makeDirectory(`${options.root}/log`)
  installChanges(options, changes)
  try {
    await testWhole(options)
    await reload(options, wanted)
  } catch (failure) {
    restoreChanges(options, changes)
    if (findMaster(options.settings.nginx) !== undefined) signalReload(options.settings.nginx)
    throw failure
  }
}

/** Each file of ours was good alone by now, so a complaint is about the rest, or about both together. */
async function testWhole({ settings }: NginxOptions): Promise<void> {
  const complaint = await testConfig(settings.nginx, settings.nginx.mainConfig)
  if (complaint === undefined) return
  throw new AppError(
    'proxy-failed',
    `nginx's own configuration does not pass its test: ${complaint}`,
    {
      hint: `our files pass alone; see \`nginx -t -c ${settings.nginx.mainConfig}\``,
      output: complaint,
    },
  )
}

/** A reload counts when every file is read back; that the signal was sent proves nothing. */
async function reload(
  options: NginxOptions,
  wanted: ReadonlyMap<string, AppConfig>,
): Promise<void> {
  const { nginx } = options.settings
  const before = findWorkers(nginx).serving
  signalReload(nginx)
  const deadline = systemClock.monotonic() + reloadWithin
  while (!(await isServed(options, wanted))) {
    if (systemClock.monotonic() > deadline) {
      throw new AppError(
        'proxy-failed',
        `nginx did not take over the new configuration within ${reloadWithin} ms`,
        { hint: 'look at its error log: a port may be taken, or a certificate unreadable' },
      )
    }
    await systemClock.sleep(20)
  }
  await waitUntilLeaving(options, before, deadline)
}

/** New and old workers share the sockets for a moment; only when the old ones take nothing more is the new state whole. */
async function waitUntilLeaving(
  { settings }: NginxOptions,
  before: readonly number[],
  deadline: number,
): Promise<void> {
  while (systemClock.monotonic() < deadline) {
    const { serving } = findWorkers(settings.nginx)
    if (!before.some((pid) => serving.includes(pid))) return
    await systemClock.sleep(10)
  }
}

async function isServed(
  options: NginxOptions,
  wanted: ReadonlyMap<string, AppConfig>,
): Promise<boolean> {
  const answers = await Promise.all(
    [...wanted].map(async ([owner, { digest }]) => {
      return (await readBack(options, { owner, path: '/config', timeout: 1000 })) === digest
    }),
  )
  return answers.every(Boolean)
}

async function probeRoute(
  options: NginxOptions,
  route: Route,
  probe: ProbeOptions,
): Promise<ProbeResult> {
  const startedAt = performance.now()
  const path = `/generation/${route.endpoint.name}`
  const [text, status] = await Promise.all([
    readBack(options, { owner: ownerOf(route), path, timeout: probe.timeout }),
    askThroughEndpoint(options.settings, route.endpoint, probe),
  ])
  return {
    generation: text === undefined || !/^\d+$/.test(text) ? undefined : Number(text),
    status,
    milliseconds: Math.round(performance.now() - startedAt),
  }
}

async function diagnose({ settings }: NginxOptions): Promise<readonly string[]> {
  const { nginx } = settings
  if (findMaster(nginx) === undefined) return [notRunning(nginx).message]
  const complaint = await testConfig(nginx, nginx.mainConfig)
  const { leaving } = findWorkers(nginx)
  return [
    ...(complaint === undefined ? [] : [`nginx -t: ${complaint}`]),
    ...(leaving.length < 8
      ? []
      : [`${leaving.length} old nginx workers have not ended; see worker_shutdown_timeout`]),
  ]
}

/** Endpoints of one app share a file; those that any app may have share another. */
function ownerOf({ endpoint }: Route): string {
  return endpoint.app ?? '_any'
}
