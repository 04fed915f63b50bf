import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { childEnvironment, pidsWithVariable, run, sendSignal } from '../../src/system/index.ts'
import type { RunResult } from '../../src/system/index.ts'
import { afterwards } from './afterwards.ts'
import { openNetwork, type NetworkHost } from './network.ts'
import { temporaryFolder } from './temp-folder.ts'
import { builtProgram } from './tools.ts'
import { waitUntil } from './wait-until.ts'

/** Marks every process of a fleet, so that its end finds them all. */
const marker = 'SLUICE_TEST_FLEET'

/** A control server and hosts with agents, each host in a network of its own, driven by the built program. */
export interface Fleet {
  readonly folder: string
  readonly hosts: readonly FleetHost[]
  /** As an operator with the token of `role` (the first admin unless given). */
  sluice(words: readonly string[], role?: string): Promise<RunResult>
  json(words: readonly string[], role?: string): Promise<Record<string, unknown>>
  /** Makes a token of this scope and keeps it under a name for `sluice`. */
  token(role: string, scope: string): Promise<void>
  /** Ends the server without a warning. */
  killServer(): Promise<void>
  startServer(): Promise<void>
}

export interface FleetHost {
  readonly name: string
  readonly network: NetworkHost
  readonly folder: string
  /** Runs a command on the host as its operator. */
  sluice(...words: readonly string[]): Promise<RunResult>
  /** What the endpoint of its app answers; the status is 0 when nobody does. */
  get(path: string): Promise<{ readonly status: number; readonly body: string }>
  start(part: HostPart): void
  /** Ends it without a warning. */
  kill(part: HostPart): Promise<void>
}

/** The two processes of an agent's host. */
export type HostPart = 'agent' | 'host'

const serverPort = 7780
const appPort = 8080

export interface FleetOptions {
  readonly count: number
  readonly labels: string
  /** Of `deployments` in sluice-server.yaml. */
  readonly server?: Readonly<Record<string, string>>
}

/** Undefined, with the test marked as skipped, where test networks cannot be made. */
export async function openFleet(
  test: Pick<TestContext, 'after' | 'skip'>,
  { count, labels, server = {} }: FleetOptions,
): Promise<Fleet | undefined> {
  const network = openNetwork(test, count)
  if (network === undefined) return undefined
  const folder = temporaryFolder(test)
  afterwards(test, () => killAll(folder))
  const url = `https://${network.address}:${serverPort}`
  const fleet = createFleet(folder, { url, address: network.address, deployments: server })
  await fleet.startServer()
  const joined = await fleet.json(['join-token', '--labels', labels, '--uses', String(count)])
  const token = String(joined['text'] ?? joined['token'])
  const hosts: FleetHost[] = []
  for (const [index, place] of network.hosts.entries()) {
    const host = createHost(folder, { name: `host-${index + 1}`, network: place })
    await enrol(host, { url, token })
    host.start('host')
    host.start('agent')
    hosts.push(host)
  }
  return { ...fleet, hosts }
}

interface FleetPlace {
  readonly url: string
  readonly address: string
  readonly deployments: Readonly<Record<string, string>>
}

function createFleet(
  folder: string,
  { url, address, deployments }: FleetPlace,
): Omit<Fleet, 'hosts'> {
  const tls = { names: [address] }
  // Tests ask more often than people do.
  const often = { perMinute: 100_000, burst: 10_000 }
  const limits = { read: often, poll: often }
  const settings = {
    state: 'state',
    listen: { address, port: serverPort },
    tls,
    deployments,
    limits,
  }
  writeFileSync(join(folder, 'sluice-server.yaml'), JSON.stringify(settings))
  let server: ChildProcess | undefined
  const sluice: Fleet['sluice'] = (words, role = 'admin') => {
    const env = childEnvironment({
      [marker]: folder,
      SLUICE_SERVER: url,
      SLUICE_SERVER_IDENTITY: 'state/identity.pub',
      SLUICE_TOKEN_FILE: `${role}.token`,
      NO_COLOR: '1',
    })
    return run([builtProgram('sluice'), ...words], { cwd: folder, env, timeout: 600_000 })
  }
  const json: Fleet['json'] = async (words, role) => parse(await sluice([...words, '--json'], role))
  return {
    folder,
    sluice,
    json,
    token: async (role, scope) => {
      const made = await json(['tokens', 'create', scope])
      writeFileSync(join(folder, `${role}.token`), String(made['text']), { mode: 0o600 })
    },
    startServer: async () => {
      const log = openSync(join(folder, 'server.log'), 'a')
      const first = ['server', '--admin-token-file', 'admin.token']
      server = spawn(builtProgram('sluice'), first, {
        cwd: folder,
        env: childEnvironment({ [marker]: folder }),
        stdio: ['ignore', log, log],
      })
      await waitUntil(async () => (await sluice(['tokens', 'list'])).status === 0)
    },
    killServer: async () => {
      if (server !== undefined) await killChild(server)
    },
  }
}

function createHost(
  parent: string,
  { name, network }: { readonly name: string; readonly network: NetworkHost },
): FleetHost {
  const folder = join(parent, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'sluice.yaml'), JSON.stringify(hostSettings(folder)))
  const policy = { apps: { '*': {} }, signing: { mode: 'off' } }
  writeFileSync(join(folder, 'policy.yaml'), JSON.stringify(policy), { mode: 0o644 })
  const env = childEnvironment({
    [marker]: parent,
    SLUICE_CONFIG: join(folder, 'sluice.yaml'),
    NO_COLOR: '1',
  })
  const socket = join(folder, 'run/host.sock')
  const parts: Record<HostPart, readonly string[]> = {
    host: ['host', 'serve', '--policy', 'policy.yaml'],
    agent: ['agent', '--state', 'agent', '--host-socket', socket],
  }
  const running = new Map<HostPart, ChildProcess>()
  const argv = (words: readonly string[]) => [...network.prefix, builtProgram('sluice'), ...words]
  return {
    name,
    network,
    folder,
    sluice: (...words) => run(argv(words), { cwd: folder, env, timeout: 120_000 }),
    get: (path) => ask(network, path),
    start: (part) => {
      const [program = '', ...words] = argv(parts[part])
      const log = openSync(join(folder, `${part}.log`), 'a')
      running.set(
        part,
        spawn(program, words, { cwd: folder, env, stdio: ['ignore', log, log], detached: true }),
      )
    },
    kill: async (part) => {
      const child = running.get(part)
      if (child !== undefined) await killChild(child)
    },
  }
}

/** Each host has its own network, so all of them use the same ports. */
function hostSettings(folder: string): Record<string, unknown> {
  return {
    root: join(folder, 'root'),
    runDir: join(folder, 'run'),
    driver: 'supervised',
    proxy: { http: { address: '0.0.0.0', port: appPort } },
    endpoints: { main: { app: 'shop' } },
    retention: { diskFloor: 0 },
    stayUpFor: '500ms',
    bake: { for: '200ms', interval: '50ms', failures: 2 },
    probeInterval: '50ms',
  }
}

async function enrol(
  host: FleetHost,
  { url, token }: { readonly url: string; readonly token: string },
): Promise<void> {
  const file = join(host.folder, 'join.token')
  writeFileSync(file, token, { mode: 0o600 })
  const words = ['--token-file', file, '--name', host.name, '--state', 'agent']
  const { status, stderr } = await host.sluice('agent', 'enrol', url, ...words)
  if (status !== 0) throw new Error(`${host.name} did not enrol: ${stderr}`)
}

async function ask(network: NetworkHost, path: string): Promise<{ status: number; body: string }> {
  try {
    const answer = await fetch(`http://${network.address}:${appPort}${path}`, {
      headers: { host: 'localhost', connection: 'close' },
      signal: AbortSignal.timeout(5000),
    })
    return { status: answer.status, body: await answer.text() }
  } catch {
    return { status: 0, body: '' }
  }
}

async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

function parse({ status, stdout, stderr }: RunResult): Record<string, unknown> {
  try {
    if (status !== 0) throw new Error('refused')
    return JSON.parse(stdout) as Record<string, unknown>
  } catch {
    throw new Error(`no JSON, status ${status}: ${stdout}\n${stderr}`)
  }
}

/** Twice, because what dies may have been starting something. */
function killAll(folder: string): void {
  for (let round = 0; round < 2; round++) {
    for (const pid of pidsWithVariable(marker, folder)) sendSignal(pid, 'SIGKILL')
  }
}

/** The last lines of a host's processes, for a test that failed. */
export function logOf(host: FleetHost, part: HostPart): string {
  return readFileSync(join(host.folder, `${part}.log`), 'utf8').slice(-3000)
}
