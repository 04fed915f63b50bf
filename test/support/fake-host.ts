import { AppError } from '../../src/errors/index.ts'
import type { HostDeeds, HostDoor, OpenOptions } from '../../src/cli/host-door.ts'
import type {
  DeploymentDetail,
  DeploymentResult,
  DeploymentSummary,
  HistoryEntry,
  HostPlan,
  HostStatus,
} from '../../src/protocol/index.ts'
import { systemClock } from '../../src/system/index.ts'

/** What a fake host was asked, and how it was opened. */
export interface FakeHost {
  readonly door: HostDoor
  readonly calls: { readonly deed: string; readonly request: unknown }[]
  readonly opened: OpenOptions[]
}

export interface FakeHostOptions {
  /** Milliseconds that each step of a deployment takes. */
  readonly pace?: number
  readonly deeds?: Partial<HostDeeds>
  readonly result?: Partial<DeploymentResult>
}

const release = { name: 'shop', version: '1.4.2', digest: 'ab12cd34ef56'.padEnd(64, '0') }
const older = { name: 'shop', version: '1.4.1', digest: '0f'.repeat(32) }

export const sampleResult: DeploymentResult = {
  deployment: '20261120-124348-k3f9',
  kind: 'deploy',
  app: 'shop',
  outcome: 'succeeded',
  label: 'shop-1.4.2',
  release,
  startedAt: Date.UTC(2026, 10, 20, 12, 43, 48),
  milliseconds: 3210,
  proof: 'proved',
  traffic: {
    endpoint: 'main',
    before: { sent: 120, failed: 0, p99: 3 },
    during: { sent: 44, failed: 0, p99: 6 },
    after: { sent: 120, failed: 0, p99: 3 },
  },
  error: undefined,
  serving: { label: 'shop-1.4.2', release, endpoints: ['main'] },
}

export const samplePlan: HostPlan = {
  kind: 'deploy',
  app: 'shop',
  release,
  replaces: { ...older, label: 'shop-1.4.1' },
  label: 'shop-1.4.2',
  driver: 'supervised',
  endpoints: [{ name: 'main', from: 'shop-1.4.1', mode: 'proxy' }],
  steps: [
    { name: 'fetch', note: 'from the store, 12 MiB', pointOfNoReturn: false },
    { name: 'unpack', note: 'into staging', pointOfNoReturn: false },
    { name: 'migrate', note: 'run ./migrate', pointOfNoReturn: true },
    { name: 'switch', note: 'main', pointOfNoReturn: false },
  ],
  renders: ['config/app.json', 'config/db.yaml'],
  warnings: ['the release has no check: its health is not proved'],
  hash: '9c1185a5c5e9fc54',
}

export const sampleStatus: HostStatus = {
  host: 'web-1',
  root: '/opt/sluice',
  proxy: { driver: 'embedded', mode: 'proxy', problems: [] },
  apps: [
    {
      app: 'shop',
      binding: {
        deployment: sampleResult.deployment,
        at: sampleResult.startedAt,
        label: 'shop-1.4.2',
        release,
      },
      deploys: [
        {
          label: 'shop-1.4.2',
          release,
          driver: 'supervised',
          state: 'running',
          pid: 4711,
          restarts: 0,
          port: 20001,
          socket: undefined,
          endpoints: ['main'],
          current: true,
          pinned: false,
          drift: [{ file: 'config/app.json', difference: 'changed' }],
        },
        {
          label: 'shop-1.4.1',
          release: older,
          driver: 'supervised',
          state: 'stopped',
          pid: undefined,
          restarts: 3,
          port: undefined,
          socket: undefined,
          endpoints: [],
          current: false,
          pinned: true,
          drift: [],
        },
      ],
      quarantine: [
        {
          digest: 'ee'.repeat(32),
          name: 'shop',
          version: '1.3.0',
          reason: 'carts were empty',
          by: 'ada',
          at: sampleResult.startedAt - 3_600_000,
        },
      ],
      unfinished: '20261120-130000-x7q1',
      lockedBy: undefined,
    },
  ],
  endpoints: [
    {
      name: 'main',
      serverNames: ['shop.example.org'],
      tls: true,
      app: 'shop',
      deploy: 'shop/shop-1.4.2',
      generation: 7,
      probe: { generation: 7, status: 200, milliseconds: 4 },
    },
    {
      name: 'beta',
      serverNames: [],
      tls: false,
      app: undefined,
      deploy: undefined,
      generation: 1,
      probe: { generation: 1, status: 503, milliseconds: 2 },
    },
  ],
}

export const sampleHistory: readonly DeploymentSummary[] = [
  {
    deployment: sampleResult.deployment,
    kind: 'deploy',
    app: 'shop',
    by: 'ada',
    startedAt: sampleResult.startedAt,
    milliseconds: 3210,
    outcome: 'succeeded',
    release,
    label: 'shop-1.4.2',
    error: undefined,
  },
  {
    deployment: '20261119-090000-b2c3',
    kind: 'deploy',
    app: 'shop',
    by: 'bob',
    startedAt: sampleResult.startedAt - 86_400_000,
    milliseconds: 61_000,
    outcome: 'undone',
    release: older,
    label: 'shop-1.4.1',
    error: 'GET /health answered 500',
  },
]

export const sampleLift: HistoryEntry = {
  kind: 'lift',
  app: 'shop',
  by: 'ada',
  startedAt: sampleResult.startedAt - 2 * 86_400_000,
  release: older,
  reason: 'the database was at fault',
  rejected: { reason: 'carts were empty', by: 'bob', at: sampleResult.startedAt - 3 * 86_400_000 },
}

export const sampleDetail: DeploymentDetail = {
  ...(sampleHistory[1] as DeploymentSummary),
  request: { release: 'shop@1.4.1' },
  steps: [
    { name: 'fetch', state: 'undone', startedAt: 1, milliseconds: 120, detail: '12 MiB' },
    { name: 'prove', state: 'failed', startedAt: 2, milliseconds: 60_000, detail: undefined },
    {
      name: 'switch',
      state: 'waiting',
      startedAt: undefined,
      milliseconds: undefined,
      detail: undefined,
    },
  ],
  failure: {
    code: 'unhealthy',
    message: 'GET /health answered 500',
    hint: 'sluice logs shop-1.4.1',
    output: 'listening\nError: no database',
  },
  traffic: undefined,
}

/** A host that answers with samples; its deployments go through their steps at the pace asked for. */
export function createFakeHost(options: FakeHostOptions = {}): FakeHost {
  const calls: { deed: string; request: unknown }[] = []
  const opened: OpenOptions[] = []
  const door: HostDoor = {
    readSettings: () =>
      Promise.resolve({
        store: '/srv/releases',
        storeTokenFile: undefined,
      }),
    open: (open) => {
      opened.push(open)
      return Promise.resolve(recorded({ ...fakeDeeds(open, options), ...options.deeds }, calls))
    },
    init: ({ directory, config }) => Promise.resolve({ created: [config, directory] }),
    keep: () => Promise.resolve(),
    serveProxy: () => Promise.resolve(),
    manifestSchema: () => Promise.resolve({ title: 'release.json' }),
    settingsSchema: () => Promise.resolve({ title: 'sluice.yaml' }),
  }
  return { door, calls, opened }
}

function recorded(
  deeds: Partial<HostDeeds>,
  calls: { deed: string; request: unknown }[],
): HostDeeds {
  const wrapped = Object.entries(deeds).map(([deed, act]) => [
    deed,
    (request: unknown) => {
      calls.push({ deed, request })
      return (act as (request: unknown) => unknown)(request)
    },
  ])
  return Object.fromEntries(wrapped) as HostDeeds
}

/** Only what tests of the commands ask for; a test of another deed gives its own. */
function fakeDeeds(open: OpenOptions, options: FakeHostOptions): Partial<HostDeeds> {
  const end = async (kind: DeploymentResult['kind']): Promise<DeploymentResult> => {
    const result = { ...sampleResult, kind, ...options.result }
    return await runFakeDeployment(open, { ...options, result })
  }
  return {
    planDeploy: () => Promise.resolve(samplePlan),
    deployRelease: () => end('deploy'),
    startRelease: () => end('start'),
    stopDeploy: () => end('stop'),
    connectEndpoint: () => end('connect'),
    disconnectEndpoint: () => end('disconnect'),
    planRollBack: () => Promise.resolve({ ...samplePlan, kind: 'rollback' }),
    rollBack: () => end('rollback'),
    resumeDeployment: () => end('deploy'),
    revertDeployment: () => Promise.resolve(undefined),
    readHostStatus: () => Promise.resolve(sampleStatus),
    listDeployments: ({ limit }) => sampleHistory.slice(0, limit),
    listHistory: ({ limit }) => [...sampleHistory, sampleLift].slice(0, limit),
    showDeployment: () => sampleDetail,
    logFileOf: (deploy) => {
      throw new AppError('not-found', `there is no deploy ${deploy}`)
    },
    pinRelease: () => Promise.resolve({ app: 'shop', digest: release.digest }),
    pruneHost: () =>
      Promise.resolve({
        removed: [{ kind: 'release', path: 'apps/shop/releases/0f0f', bytes: 12_582_912 }],
        kept: [{ path: 'apps/shop/deploys/shop-1.4.2', why: 'it runs' }],
      }),
    liftQuarantine: () => Promise.resolve({ app: 'shop', digest: release.digest }),
    bootHost: () => Promise.resolve({ started: ['shop/shop-1.4.2'], problems: [] }),
    installBootUnit: () => Promise.resolve({ unit: '/etc/systemd/system/sluice-boot.service' }),
    diagnoseHost: () =>
      Promise.resolve({
        checks: [
          { name: 'disk', state: 'good', detail: '20 GiB free' },
          {
            name: 'cgroups',
            state: 'weak',
            detail: 'this user may not make one',
            hint: 'run as root or under systemd',
          },
        ],
      }),
  }
}

const fakeSteps = [
  'preflight',
  'fetch',
  'unpack',
  'start',
  'prove',
  'switch',
  'bake',
  'commit',
  'drain',
]

/** Goes through the steps with progress and output; an abort undoes what was done. */
async function runFakeDeployment(
  { report, signal }: OpenOptions,
  { pace = 0, result = {} }: FakeHostOptions,
): Promise<DeploymentResult> {
  const whole: DeploymentResult = { ...sampleResult, ...result }
  const { deployment, app, kind, error } = whole
  const title = `${kind} shop 1.4.2 (replaces 1.4.1)`
  report({ type: 'deployment-started', deployment, app, title, steps: fakeSteps })
  const done: string[] = []
  try {
    for (const step of fakeSteps) {
      report({ type: 'step-started', step })
      for (let part = 1; part <= 10; part++) {
        await systemClock.sleep(pace / 10, signal)
        if (step === 'fetch') {
          const unit = 'bytes'
          report({ type: 'step-progress', step, done: part * 1_258_291, total: 12_582_912, unit })
        }
        if (step === 'prove') {
          report({ type: 'output', step, line: `check ${part}: \u001b[31mconnection refused` })
        }
      }
      if (error?.step === step) throw new AppError('unhealthy', error.message)
      done.push(step)
      const detail = step === 'fetch' ? { detail: '12 MiB' } : {}
      report({ type: 'step-finished', step, milliseconds: pace, ...detail })
    }
  } catch (thrown) {
    return await undoFake({ report, pace, done, thrown: thrown as AppError, whole })
  }
  report({ type: 'deployment-finished', deployment, outcome: whole.outcome, milliseconds: 3210 })
  return whole
}

interface FakeUndo {
  readonly report: OpenOptions['report']
  readonly pace: number
  readonly done: readonly string[]
  readonly thrown: AppError
  readonly whole: DeploymentResult
}

async function undoFake({
  report,
  pace,
  done,
  thrown,
  whole,
}: FakeUndo): Promise<DeploymentResult> {
  const failed = fakeSteps[done.length] ?? 'commit'
  const error = { code: thrown.code, message: thrown.message }
  report({ type: 'step-failed', step: failed, milliseconds: pace, error })
  for (const step of done.toReversed()) {
    report({ type: 'undo-started', step })
    await systemClock.sleep(pace / 3)
    report({ type: 'undo-finished', step })
  }
  const { deployment } = whole
  report({ type: 'deployment-finished', deployment, outcome: 'undone', milliseconds: 5000 })
  return {
    ...whole,
    outcome: 'undone',
    error: whole.error ?? { ...error, step: failed, hint: 'sluice deploy shop@1.4.2 tries again' },
    serving: { label: 'shop-1.4.1', release: older, endpoints: ['main'] },
  }
}
