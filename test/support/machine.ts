import { spawn, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import {
  childEnvironment,
  pidsWithVariable,
  run,
  sendSignal,
  type RunResult,
} from '../../src/system/index.ts'
import { claimPortBlock } from './port-block.ts'
import { packSampleRelease, type SampleRelease } from './sample-release.ts'
import { temporaryFolder } from './temp-folder.ts'
import { builtProgram } from './tools.ts'

/** Marks every process of a machine, so that its end finds them all. */
const marker = 'SLUICE_TEST_MACHINE'

export interface MachineOptions {
  /** Merged over the settings in sluice.yaml. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Where its folder is made; the folder for temporary files unless given. */
  readonly parent?: string
}

/** One host in a temporary folder, driven by the built program as a person would. */
export interface Machine {
  readonly folder: string
  readonly root: string
  /** Where the proxy listens. */
  readonly port: number
  readonly config: string
  /** The environment its programs run with. */
  readonly environment: Readonly<Record<string, string>>
  sluice(...words: readonly string[]): Promise<RunResult>
  /** Runs with --json and answers the object; fails the test when there is none. */
  json(...words: readonly string[]): Promise<Record<string, unknown>>
  /** Starts a command and does not wait for it. */
  start(...words: readonly string[]): ChildProcess
  pack(sample: SampleRelease): Promise<string>
  get(path: string, host?: string): Promise<{ readonly status: number; readonly body: string }>
  configure(settings: Readonly<Record<string, unknown>>): void
  /** Ends everything of this machine at once, as a loss of power would. */
  kill(): void
}

export async function createMachine(
  test: Pick<TestContext, 'after'>,
  options: MachineOptions = {},
): Promise<Machine> {
  const folder = temporaryFolder(test, options.parent)
  const config = join(folder, 'sluice.yaml')
  const ports = await claimPortBlock()
  const port = ports.last
  test.after(() => ports.release())
  const environment = childEnvironment({ [marker]: folder, SLUICE_CONFIG: config, NO_COLOR: '1' })
  const program = builtProgram('sluice')
  const sluice: Machine['sluice'] = (...words) =>
    run([program, ...words], { cwd: folder, env: environment, timeout: 60_000 })
  const configure: Machine['configure'] = (settings) =>
    writeFileSync(
      config,
      JSON.stringify(
        { ...defaultSettings(folder, port), ...options.settings, ...settings },
        undefined,
        2,
      ),
    )
  configure({})
  test.after(() => killMachine(folder))
  return {
    folder,
    root: join(folder, 'root'),
    port,
    config,
    environment,
    sluice,
    json: async (...words) => parseJson(await sluice(...words, '--json')),
    start: (...words) => spawn(program, words, { cwd: folder, env: environment, stdio: 'ignore' }),
    pack: (sample) => packSampleRelease(folder, sample),
    get: (path, host = 'localhost') => get(port, path, host),
    configure,
    kill: () => killMachine(folder),
  }
}

/** Short intervals: tests wait for events, and the machine is busy. YAML reads JSON. */
function defaultSettings(folder: string, port: number): Record<string, unknown> {
  return {
    root: join(folder, 'root'),
    runDir: join(folder, 'run'),
    store: join(folder, 'store'),
    driver: 'supervised',
    ports: { from: port - 39, to: port - 1 },
    proxy: { http: { address: '127.0.0.1', port } },
    endpoints: { main: { app: 'shop' } },
    retention: { diskFloor: 0 },
    stayUpFor: '500ms',
    bake: { for: '100ms', interval: '20ms', failures: 2 },
    confirmWithin: '5s',
    probeInterval: '10ms',
    restartDelay: '10ms',
  }
}

function parseJson(result: RunResult): Record<string, unknown> {
  try {
    return JSON.parse(result.stdout) as Record<string, unknown>
  } catch {
    throw new Error(`no JSON, status ${result.status}: ${result.stdout}\n${result.stderr}`)
  }
}

function get(port: number, path: string, host: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const ask = request(
      {
        host: '127.0.0.1',
        port,
        path,
        agent: false,
        headers: { host, accept: 'application/json' },
      },
      (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => (body += chunk.toString()))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      },
    )
    ask.on('error', reject)
    ask.end()
  })
}

/** Whatever carries the marker or works inside the folder; twice, because what dies may have been starting something. */
function killMachine(folder: string): void {
  for (let round = 0; round < 2; round++) {
    for (const pid of new Set([...pidsWithVariable(marker, folder), ...pidsInside(folder)])) {
      if (pid !== process.pid) sendSignal(pid, 'SIGKILL')
    }
  }
}

function pidsInside(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isInside(pid, folder))
}

function isInside(pid: number, folder: string): boolean {
  try {
    readFileSync(`/proc/${pid}/stat`)
    return `${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${folder}/`)
  } catch {
    return false
  }
}
