import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import {
  acquireLock,
  makeDirectory,
  ownCommand,
  scopePrefix,
  systemClock,
} from '../../system/index.ts'
import { askThroughEndpoint } from '../probe-endpoint.ts'
import type { ProbeOptions, ProbeResult, ProxyDriver } from '../proxy-driver.ts'
import type { ProxyPlace, ProxySettings } from '../proxy-settings.ts'
import { targetKey } from '../route-changes.ts'
import type { Route, RouteTable } from '../routes.ts'
import { askProxy, listProxies, readStatus } from './control-client.ts'
import { startProxyProcess } from './hand-over.ts'
import { controlLink, saveServeSettings } from './serve-files.ts'

export interface EmbeddedOptions extends ProxyPlace {
  readonly settings: ProxySettings
  /** The program and first arguments that serve; `sluice proxy serve` of this very executable unless told. */
  readonly command?: readonly string[]
  /** Starts the proxy where something else than we must do it (a systemd unit); returns when it was told to. */
  readonly start?: () => Promise<void>
}

const applyWithin = 10_000
const startWithin = 20_000

/** The driver for sluice's own reverse proxy, which runs as a process of its own and is talked to by its control socket. */
export function createEmbeddedDriver(options: EmbeddedOptions): ProxyDriver {
  return {
    name: 'embedded',
    mode: 'proxy',
    assertSuitable: () => undefined,
    ensureRunning: () => ensureRunning(options),
    apply: (table) => apply(options, table),
    renew: () => renew(options),
    probe: (route, probe) => probeRoute(options, route, probe),
    openConnections: async (target) => {
      const proxies = await listProxies(options)
      const counts = proxies.map(({ status }) => status.connections[targetKey(target)] ?? 0)
      return counts.reduce((sum, count) => sum + count, 0)
    },
    diagnose: async () => {
      const status = await readStatus(options)
      return status === undefined ? ['the proxy is not running'] : status.problems
    },
  }
}

/**
 * Hands the public sockets of the running proxy to a new process of `command` (a newer executable) without losing a
 * request. Answers the pid of the new one; without a running proxy one is started.
 */
export async function replaceProxy(options: EmbeddedOptions): Promise<number> {
  await ensureRunning(options)
  const body = { command: commandOf(options) }
  const question = { method: 'POST', path: '/handover', body, timeout: startWithin } as const
  const { pid } = (await askProxy(controlLink(options), question)) as { pid: number }
  return pid
}

/** After an upgrade the file of the running proxy is another one than ours, or is gone. */
async function renew(options: EmbeddedOptions): Promise<boolean> {
  const status = await readStatus(options)
  if (status === undefined || isOwnExecutable(status.pid)) return false
  await replaceProxy(options)
  return true
}

function isOwnExecutable(pid: number): boolean {
  const [running, own] = [`/proc/${pid}/exe`, process.execPath].map((path) => statSync(path))
  return running?.ino === own?.ino && running?.dev === own?.dev
}

/** Two starters at once: one holds the lock and starts, the other finds the proxy running. */
async function ensureRunning(options: EmbeddedOptions): Promise<void> {
  saveServeSettings(options, options.settings)
  if (await isServing(options)) return
  makeDirectory(join(options.root, 'proxy'))
  mkdirSync(options.runDir, { recursive: true })
  const lock = await acquireLock(join(options.root, 'proxy', 'start.lock'), {
    purpose: 'start the proxy',
    clock: systemClock,
    wait: startWithin,
  })
  try {
    if (await isServing(options)) return
    if (options.start === undefined) {
      const command = [...scopePrefix('sluice proxy'), ...commandOf(options)]
      await startProxyProcess(options, { command })
    } else {
      await options.start()
    }
    await waitUntilServing(options)
  } finally {
    lock.release()
  }
}

async function isServing(place: ProxyPlace): Promise<boolean> {
  const status = await readStatus(place)
  return status?.ready === true && !status.draining
}

async function waitUntilServing(place: ProxyPlace): Promise<void> {
  const deadline = systemClock.monotonic() + startWithin
  while (!(await isServing(place))) {
    if (systemClock.monotonic() > deadline) {
      throw new AppError('proxy-failed', `the proxy did not start within ${startWithin} ms`, {
        hint: 'look at log/proxy.log below the root, or at the journal of its unit',
      })
    }
    await systemClock.sleep(20)
  }
}

/** Leaving processes still serve open connections, so they take the table too. */
async function apply(place: ProxyPlace, table: RouteTable): Promise<void> {
  const proxies = await listProxies(place)
  const serving = proxies.find(({ status }) => status.ready && !status.draining)
  if (serving === undefined) {
    throw new AppError('proxy-unreachable', `no proxy serves below ${place.runDir}`, {
      hint: 'run `sluice boot` to start it, and look at log/proxy.log',
      retryable: true,
    })
  }
  await applyTo(serving.socketPath, table)
  const others = proxies.filter((proxy) => proxy !== serving)
  await Promise.all(others.map(({ socketPath }) => applyToLeaving(socketPath, table)))
}

async function applyTo(socketPath: string, table: RouteTable): Promise<void> {
  const question = { method: 'POST', path: '/apply', timeout: applyWithin } as const
  const { generation } = (await askProxy(socketPath, question)) as { generation: number }
  if (generation >= table.generation) return
  throw new AppError(
    'proxy-failed',
    `the proxy took over generation ${generation} instead of ${table.generation}`,
  )
}

async function applyToLeaving(socketPath: string, table: RouteTable): Promise<void> {
  try {
    await applyTo(socketPath, table)
  } catch (error) {
    // It ended meanwhile, and its connections with it.
    if (error instanceof AppError && error.code === 'proxy-unreachable') return
    throw error
  }
}

async function probeRoute(
  place: ProxyPlace,
  route: Route,
  options: ProbeOptions,
): Promise<ProbeResult> {
  const startedAt = performance.now()
  const status = await readStatus(place)
  const name = encodeURIComponent(route.endpoint.name)
  const path = `/.sluice/generation?endpoint=${name}`
  const question = { method: 'GET', path, timeout: options.timeout } as const
  const [answer, through] = await Promise.all([
    askProxy(controlLink(place), question).catch(() => undefined),
    status === undefined
      ? undefined
      : askThroughEndpoint(status.listening, route.endpoint, options),
  ])
  const { generation } = (answer ?? {}) as { generation?: number }
  return { generation, status: through, milliseconds: Math.round(performance.now() - startedAt) }
}

function commandOf(options: EmbeddedOptions): readonly string[] {
  return options.command ?? [...ownCommand(), 'proxy', 'serve']
}
