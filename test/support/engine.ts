import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import type { DeployEvent } from '../../src/events/index.ts'
import type { ProcessDriver, ServiceSpec } from '../../src/host/drivers/process-driver.ts'
import type { Host } from '../../src/host/host.ts'
import { readAppState } from '../../src/host/state/locked-app.ts'
import type { AppState } from '../../src/host/state/app-state.ts'
import { readHostSettings } from '../../src/host/settings/read-settings.ts'
import { emptyTable, openRouteStore, type ProxyDriver } from '../../src/proxy/index.ts'
import { openStore } from '../../src/release/index.ts'
import { randomText, systemClock } from '../../src/system/index.ts'
import { packSampleRelease, type SampleRelease } from './sample-release.ts'
import { temporaryFolder } from './temp-folder.ts'

/** A host in this process: real files, journals and locks; what runs and what is served is only remembered. */
export interface Engine {
  readonly folder: string
  readonly host: Host
  readonly events: DeployEvent[]
  /** `APP/LABEL` of what runs. */
  readonly running: Set<string>
  /** Called with each step of a process's life; a throw makes it fail. */
  onStart: (spec: ServiceSpec) => void | Promise<void>
  /** Status that visitors get from a deploy, by its label. */
  answer: (label: string) => number
  /** Connections that are open to every deploy. */
  openConnections: () => number
  /** Deployments whose revert timer is armed. */
  readonly armed: Set<string>
  state(app?: string): AppState
  /** Packs a release without a check and answers the archive's path. */
  pack(sample: SampleRelease): Promise<string>
  /** Another view of the same host: another operator, another signal. */
  as(changes: Partial<Host>): Host
  /** Remembers the disk as it is; `powerCut` puts it back, as if the process had been killed then. */
  takeSnapshot(): void
  powerCut(): void
}

export async function openEngine(
  test: TestContext,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Engine> {
  const folder = temporaryFolder(test)
  const file = join(folder, 'sluice.yaml')
  writeFileSync(file, JSON.stringify({ ...defaultSettings(folder), ...settings }))
  const read = await readHostSettings({ config: file, environment: {}, cwd: folder })
  const events: DeployEvent[] = []
  const running = new Set<string>()
  const armed = new Set<string>()
  const layout = { root: read.root, runDir: read.runDir }
  const engine: Omit<Engine, 'host' | 'as'> = {
    folder,
    events,
    running,
    armed,
    onStart: () => undefined,
    answer: () => 200,
    openConnections: () => 0,
    state: (app = 'shop') => readAppState(layout, app),
    pack: (sample) => packSampleRelease(folder, { ...sample, manifest: bare(sample) }),
    takeSnapshot: () => {
      // A file of an earlier snapshot must not stay where it looks as new as its successor.
      rmSync(`${read.root}.kept`, { recursive: true, force: true })
      cpSync(read.root, `${read.root}.kept`, { recursive: true, verbatimSymlinks: true })
    },
    powerCut: () => {
      rmSync(read.root, { recursive: true })
      cpSync(`${read.root}.kept`, read.root, { recursive: true, verbatimSymlinks: true })
    },
  }
  const host: Host = {
    settings: read,
    layout,
    clock: systemClock,
    randomText,
    report: (event) => events.push(event),
    signal: new AbortController().signal,
    operator: 'ada',
    wait: 0,
    store: openStore(makeStore(read.store), { clock: systemClock }),
    proxy: rememberingProxy(
      (label) => whole.answer(label),
      () => whole.openConnections(),
    ),
    routes: openRouteStore(read.root),
    timers: {
      arm: async ({ deployment }) => void armed.add(deployment),
      disarm: async (_app, deployment) => void armed.delete(deployment),
    },
    driver: () => rememberingDriver(running, (spec) => whole.onStart(spec)),
  }
  const whole: Engine = Object.assign(engine, {
    host,
    as: (changes: Partial<Host>) => ({ ...host, ...changes }),
  })
  return whole
}

function makeStore(directory: string): string {
  mkdirSync(directory)
  return directory
}

function defaultSettings(folder: string): Record<string, unknown> {
  return {
    root: join(folder, 'root'),
    runDir: join(folder, 'run'),
    store: join(folder, 'store'),
    driver: 'supervised',
    ports: { from: 21_000, to: 21_099 },
    endpoints: { main: { app: 'shop' } },
    retention: { diskFloor: 0 },
    stayUpFor: '20ms',
    bake: { for: '20ms', interval: '5ms', failures: 2 },
    probeInterval: '5ms',
  }
}

function bare({ manifest }: SampleRelease): Record<string, unknown> {
  return { check: undefined, drain: { timeout: '10s' }, ...manifest }
}

function rememberingProxy(
  answer: (label: string) => number,
  openConnections: () => number,
): ProxyDriver {
  let served = emptyTable
  return {
    name: 'embedded',
    mode: 'proxy',
    assertSuitable: () => undefined,
    ensureRunning: async () => undefined,
    apply: async (table) => void (served = table),
    probe: async ({ endpoint }) => {
      const route = served.routes[endpoint.name]
      const status = route?.target === undefined ? 503 : answer(route.target.label)
      return { generation: route?.generation, status, milliseconds: 1 }
    },
    openConnections: async () => openConnections(),
    diagnose: async () => [],
  }
}

function rememberingDriver(
  running: Set<string>,
  onStart: (spec: ServiceSpec) => void | Promise<void>,
): ProcessDriver {
  const key = ({ app, label }: ServiceSpec): string => `${app}/${label}`
  return {
    name: 'supervised',
    start: async (spec) => {
      await onStart(spec)
      running.add(key(spec))
    },
    stop: async (spec) => void running.delete(key(spec)),
    observe: async (spec) =>
      running.has(key(spec)) ? { state: 'running', pid: 1, restarts: 0 } : { state: 'stopped' },
    ownPids: async () => [],
  }
}
