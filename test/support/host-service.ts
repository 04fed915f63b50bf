import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

import type {
  AppDesire,
  DesiredState,
  HostReport,
  WantedArchives,
} from '../../src/protocol/index.ts'
import { digestFile } from '../../src/release/index.ts'
import type { Machine } from './machine.ts'
import { waitUntil } from './wait-until.ts'

type Report<Kind extends HostReport['body']['kind']> = Extract<HostReport['body'], { kind: Kind }>

/** `sluice host serve` on a machine, and what the agent and the server would do with it. */
export interface HostServiceUnderTest {
  readonly policy: string
  /** Every report so far, by number; a number that came twice is here once. */
  readonly reports: HostReport[]
  start(): Promise<void>
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>
  /** SIGTERM; answers its exit status. */
  stop(): Promise<number | null>
  ask(request: unknown): Promise<Record<string, unknown>>
  /** States what is wanted, with the next revision, and brings the archives that are wanted then. */
  desire(change: Partial<DesiredState>): Promise<void>
  /** Where an archive lies that may be wanted. */
  provide(archive: string): Promise<AppDesire['release']>
  /** Takes reports and brings archives until the condition holds. */
  until(what: string, holds: () => boolean): Promise<void>
  /** States of a deployment in the order in which they were told. */
  states(deployment: string): Report<'deployment-state'>[]
  of<Kind extends HostReport['body']['kind']>(kind: Kind): Report<Kind>[]
}

export function hostServiceOn(machine: Machine): HostServiceUnderTest {
  const policy = join(machine.folder, 'policy.yaml')
  const socket = join(machine.folder, 'run/host.sock')
  const provided = new Map<string, string>()
  const reports: HostReport[] = []
  let child: ChildProcess | undefined
  let revision = 0
  let state: Pick<DesiredState, 'apps' | 'rejected' | 'scripts'> = {
    apps: [],
    rejected: [],
    scripts: [],
  }
  writePolicy(policy, { apps: { shop: {} } })

  const ask = (request: unknown): Promise<Record<string, unknown>> => askLine(socket, request)

  async function bring(wants: WantedArchives): Promise<void> {
    for (const { digest } of wants) {
      const archive = provided.get(digest)
      if (archive === undefined) continue
      const offered = `${archive}.offered`
      copyFileSync(archive, offered)
      await ask({ ask: 'offer', digest, path: offered })
    }
  }

  async function takeReports(wait: number): Promise<void> {
    const after = reports.at(-1)?.number ?? 0
    const answer = await ask({ ask: 'reports', after, wait })
    reports.push(...(answer['reports'] as HostReport[]))
    await bring(answer['wants'] as WantedArchives)
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null
    const ended = once(child, 'exit')
    child.kill(signal)
    const [status] = (await ended) as [number | null]
    return status
  }

  const of: HostServiceUnderTest['of'] = (kind) =>
    reports.map(({ body }) => body).filter((body) => body.kind === kind) as never

  return {
    policy,
    reports,
    start: async () => {
      child = machine.start('host', 'serve', '--policy', policy)
      await waitUntil(async () => existsSync(socket) && (await answers(socket)), 'host serve')
    },
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    ask,
    desire: async (change) => {
      state = { ...state, ...change }
      revision++
      const desired = { epoch: 'e1', revision, at: Date.now(), ...state, ...change }
      const answer = await ask({ ask: 'desire', desired })
      await bring((answer['wants'] ?? []) as WantedArchives)
    },
    provide: async (archive) => {
      const digest = await digestFile(archive)
      provided.set(digest, archive)
      const file = archive.slice(archive.lastIndexOf('/') + 1)
      const [, name = '', version = ''] = /^(.*)-([^-]+)\.tar\.gz$/.exec(file) ?? []
      return { name, version, digest, size: statSync(archive).size, file }
    },
    until: async (what, holds) => {
      const attempt = waitUntil(async () => {
        if (holds()) return true
        await takeReports(500)
        return holds()
      }, what)
      await attempt.catch((cause: unknown) => {
        const told = reports.map(({ body }) => JSON.stringify(body)).join('\n')
        throw new Error(`${String(cause)}; told was:\n${told.slice(-3000)}`, { cause })
      })
    },
    states: (deployment) =>
      of('deployment-state').filter((report) => report.deployment === deployment),
    of,
  }
}

export function writePolicy(path: string, policy: Readonly<Record<string, unknown>>): void {
  writeFileSync(path, JSON.stringify(policy), { mode: 0o600 })
}

async function answers(socket: string): Promise<boolean> {
  return await askLine(socket, { ask: 'hello' }).then(
    () => true,
    () => false,
  )
}

function askLine(path: string, request: unknown): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    let text = ''
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`))
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (!text.endsWith('\n')) return
      socket.end()
      resolve(JSON.parse(text) as Record<string, unknown>)
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`${path} closed without an answer`)))
  })
}
