import { BlockList, isIPv6 } from 'node:net'

import { AppError, toAppError } from '../../errors/index.ts'
import { makeDirectory, randomText, systemClock } from '../../system/index.ts'
import type { ProxyPlace, ProxySettings } from '../proxy-settings.ts'
import { openRouteStore, type RouteStore } from '../route-store.ts'
import { noAccessLog, openAccessLog, type AccessLog } from './access-log.ts'
import { createCertificates, type Certificates } from './certificates.ts'
import { createClientConnections, type ClientConnections } from './client-connections.ts'
import type { ProxyStatus } from './control-server.ts'
import { openControlSocket } from './control-socket.ts'
import { createDoors } from './doors.ts'
import { startSuccessor } from './hand-over.ts'
import { openListeners, type Listeners } from './listeners.ts'
import { createLiveRoutes } from './live-routes.ts'
import type { ProxyState } from './proxy-state.ts'
import { accessLogPath, loadServeSettings } from './serve-files.ts'

export interface ServeOptions extends ProxyPlace {
  /** Listening sockets inherited from a predecessor, as descriptors 3, 4, …. */
  readonly listenFds?: number
  /** Whether SIGTERM drains and SIGHUP applies; true for a process of its own. */
  readonly signals?: boolean
}

/** A running proxy. */
export interface ProxyHandle {
  status(): ProxyStatus
  /** Stops accepting, waits for what is under way, ends. */
  stop(): Promise<void>
  /** Resolves when it has ended, also after a hand-over. */
  readonly ended: Promise<void>
}

const sweepEvery = 250
const defaultDrain = 60_000
const accessLogLimit = 64 * 1024 * 1024

/**
 * Serves the durable routes below `root` until it is stopped or has handed over. Settings come from the file that
 * `ensureRunning` of the driver wrote.
 * @throws AppError `proxy-failed` when an address cannot be had, `config-missing`, `state-corrupt`.
 */
export async function serveProxy(options: ServeOptions): Promise<ProxyHandle> {
  makeDirectory(options.runDir)
  const proxy = openProxy(options)
  const control = await openControlSocket(options, {
    status: () => readOwnStatus(proxy),
    generationOf: (endpoint) => proxy.state.live.generationOf(endpoint),
    apply: () => applyFiles(proxy),
    handOver: (command) => handOver(proxy, command),
  })
  await begin(proxy).catch((failure: unknown) => {
    clearInterval(proxy.sweeper)
    control.abandon()
    throw failure
  })
  control.publish()
  if (options.signals === true) attachSignals(proxy)
  const ended = proxy.drained.then(() => control.close())
  return {
    status: () => readOwnStatus(proxy),
    stop: async () => {
      await drain(proxy, 'close idle')
      await ended
    },
    ended,
  }
}

interface Proxy {
  readonly options: ServeOptions
  readonly store: RouteStore
  readonly state: ProxyState
  readonly certificates: Certificates
  readonly clients: ClientConnections
  readonly problems: string[]
  readonly sweeper: NodeJS.Timeout
  listeners: Listeners | undefined
  readonly drained: Promise<void>
  readonly finish: () => void
}

function openProxy(options: ServeOptions): Proxy {
  const state = openState(options, loadServeSettings(options))
  const clients = createClientConnections()
  const { promise: drained, resolve: finish } = Promise.withResolvers<void>()
  return {
    options,
    store: openRouteStore(options.root),
    state,
    certificates: createCertificates(),
    clients,
    problems: [],
    sweeper: setInterval(() => sweep(state, clients), sweepEvery),
    listeners: undefined,
    drained,
    finish,
  }
}

/** The control socket is open by now: a change of routes after this read reaches us by `applyFiles`. */
async function begin(proxy: Proxy): Promise<void> {
  const { store, state, certificates, clients, problems, options } = proxy
  const table = store.load()
  certificates.replace(table, (problem) => problems.push(problem.message))
  state.live.replace(table)
  const doors = createDoors(state, clients, certificates)
  proxy.listeners = await openListeners(state.settings, doors, options.listenFds ?? 0)
}

function readOwnStatus({ listeners, state, clients, problems, store }: Proxy): ProxyStatus {
  return {
    pid: process.pid,
    ready: listeners !== undefined,
    draining: state.draining,
    generation: state.live.generation(),
    connections: state.live.connections(),
    visitors: clients.count(),
    listening: listeners?.addresses() ?? {},
    problems: [...problems, ...store.diagnose()],
  }
}

/** Everything that can fail comes first, so that a refused change changes nothing. */
async function applyFiles(proxy: Proxy): Promise<number> {
  const { store, state, certificates, listeners, options } = proxy
  const table = store.load()
  const settings = loadServeSettings(options)
  certificates.replace(table)
  if (!state.draining) await listeners?.adjust(settings)
  if (settings.accessLog !== state.settings.accessLog) {
    state.log.close()
    state.log = openLog(options, settings)
  }
  state.settings = settings
  state.isTrusted = trustOf(settings)
  proxy.problems.length = 0
  state.live.replace(table)
  return table.generation
}

async function handOver(proxy: Proxy, command: readonly string[] | undefined): Promise<number> {
  const { listeners, state, options } = proxy
  if (listeners === undefined || state.draining) {
    throw new AppError('proxy-failed', 'this proxy process is not the one that serves')
  }
  const pid = await startSuccessor(options, listeners.descriptors(), command)
  void drain(proxy, 'keep idle')
  return pid
}

/** After a hand-over idle connections stay: their next request is answered, and told to come back on a new one. */
async function drain(proxy: Proxy, idle: 'close idle' | 'keep idle'): Promise<void> {
  const { state, clients, listeners } = proxy
  if (state.draining) return
  state.draining = true
  listeners?.close()
  const deadline = performance.now() + (state.settings.drainWithin ?? defaultDrain)
  if (idle === 'close idle') clients.closeIdle()
  while (clients.count() > 0 && performance.now() < deadline) await systemClock.sleep(20)
  clients.closeAll()
  clearInterval(proxy.sweeper)
  state.log.close()
  proxy.finish()
}

function openState(place: ProxyPlace, settings: ProxySettings): ProxyState {
  const prefix = randomText(8)
  let serial = 0
  return {
    settings,
    live: createLiveRoutes(),
    underWay: new Set(),
    log: openLog(place, settings),
    now: performance.now(),
    draining: false,
    nextRequestId: () => `${prefix}-${(serial++).toString(36)}`,
    isTrusted: trustOf(settings),
  }
}

function openLog(place: ProxyPlace, settings: ProxySettings): AccessLog {
  return settings.accessLog ? openAccessLog(accessLogPath(place), accessLogLimit) : noAccessLog
}

/** Tells which peers are proxies of ours: addresses, or networks such as 10.0.0.0/8. */
function trustOf(settings: ProxySettings): (address: string) => boolean {
  const list = new BlockList()
  for (const written of settings.trustedProxies ?? []) {
    const [address = '', bits] = written.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

function sweep(state: ProxyState, clients: ClientConnections): void {
  state.now = performance.now()
  for (const work of state.underWay) if (state.now - work.touched > work.patience) work.expire()
  clients.sweep(state.now)
  state.live.sweep(state.now)
  state.log.flush()
}

function attachSignals(proxy: Proxy): void {
  process.on('SIGTERM', () => void drain(proxy, 'close idle'))
  process.on('SIGINT', () => void drain(proxy, 'close idle'))
  process.on('SIGHUP', () => {
    applyFiles(proxy).catch((error: unknown) => {
      proxy.problems.push(toAppError(error).message)
    })
  })
}
