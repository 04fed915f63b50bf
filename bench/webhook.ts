import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

import { build } from '../scripts/build.ts'
import { inProject } from '../scripts/project.ts'
import { ensureTool } from '../scripts/tools.ts'
import { childEnvironment, runOrFail } from '../src/system/index.ts'
import { builtServer, makeTokens } from '../test/support/built-server.ts'
import { freePort } from '../test/support/free-port.ts'
import { temporaryFolder } from '../test/support/temp-folder.ts'
import { waitUntil } from '../test/support/wait-until.ts'
import type { Bench, Measure } from './measure.ts'
import { withScope, type Scope } from './scope.ts'
import { median, rounded } from './statistics.ts'

const connections = 16
const rounds = 5
const milliseconds = 3000

/** Something that takes a POST. */
interface Target {
  readonly what: string
  readonly port: number
  /** First lines of the request, `{key}` where it has a key. */
  readonly head: string
}

export const webhookBench: Bench = {
  name: 'webhook',
  summary: `POST over ${connections} kept connections; medians of ${rounds} runs of ${milliseconds / 1000} s that took turns`,
  run: ({ tell }) =>
    withScope(async (scope) => {
      const targets = [await sluice(scope), await webhook(scope), await bareServer(scope)]
      const runs = targets.map((target) => ({ target, posted: [] as Posted[] }))
      for (let round = 0; round < rounds; round++)
        for (const { target, posted } of runs) {
          tell(`${target.what}, round ${round + 1}`)
          posted.push(await load(scope, target))
        }
      const [ours, theirs, bare] = runs.map(({ posted }) => rateOf(posted))
      return [
        ...runs.map(describe),
        ratio("webhook's rate to ours", (theirs ?? 0) / (ours ?? 1), 0.5),
        ratio("the bare server's rate to ours", (bare ?? 0) / (ours ?? 1)),
      ]
    }),
}

interface Run {
  readonly target: Target
  readonly posted: readonly Posted[]
}

function rateOf(posted: readonly Posted[]): number {
  return median(posted.map(({ perSecond }) => perSecond))
}

function describe({ target, posted }: Run): Measure {
  const rates = posted.map(({ perSecond }) => rounded(perSecond, 0))
  const half = rounded(median(posted.map((one) => one.half)))
  const tail = rounded(median(posted.map((one) => one.tail)))
  return {
    what: target.what,
    value: rounded(rateOf(posted), 0),
    unit: '/s',
    detail: `from ${Math.min(...rates)} to ${Math.max(...rates)}; p50 ${half} ms, p99 ${tail} ms`,
  }
}

function ratio(what: string, value: number, aim?: number): Measure {
  const measure = { what, value: rounded(value, 2), unit: 'x', detail: 'medians, the same run' }
  return aim === undefined ? measure : { ...measure, aim }
}

/** The built server: the raise, its key and its entry in the audit log are on the disk before the answer. */
async function sluice(scope: Scope): Promise<Target> {
  await build('bun')
  const many = { perMinute: 10_000_000, burst: 1_000_000 }
  const triggers = { shop: { sources: ['token'] } }
  const server = await builtServer(scope, { triggers, limits: { raise: many } })
  const [token = ''] = await makeTokens(server, 'trigger:shop', 1)
  const head = headOf('/v1/triggers/shop', [
    `authorization: Bearer ${token}`,
    'idempotency-key: {key}',
  ])
  return { what: 'sluice server, durable, with a key', port: server.port, head }
}

/** Debian's webhook: answers at once and starts `/bin/true` for each request; it keeps nothing. */
async function webhook(scope: Scope): Promise<Target> {
  const program = await ensureTool('webhook')
  const port = await freePort()
  const hooks = join(temporaryFolder(scope), 'hooks.json')
  writeFileSync(hooks, JSON.stringify([{ id: 'shop', 'execute-command': '/bin/true' }]))
  const words = ['-hooks', hooks, '-ip', '127.0.0.1', '-port', `${port}`]
  const child = spawn(program, words, { env: childEnvironment(), stdio: 'ignore' })
  scope.after(() => child.kill('SIGKILL'))
  await waitUntil(() => answers(port), 'webhook to listen')
  return { what: 'webhook with /bin/true, keeps nothing', port, head: headOf('/hooks/shop') }
}

async function bareServer(scope: Scope): Promise<Target> {
  const child = fork(inProject('bench/programs/bare-server.ts'), { env: childEnvironment() })
  scope.after(() => child.kill('SIGKILL'))
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return { what: 'bare node:http, keeps nothing', port, head: headOf('/') }
}

function headOf(path: string, more: readonly string[] = []): string {
  return [`POST ${path} HTTP/1.1`, 'host: 127.0.0.1', ...more].join('\n')
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** What one run of the load came to. */
interface Posted {
  readonly perSecond: number
  /** Milliseconds that half, and 99 of 100, of the answers took at most. */
  readonly half: number
  readonly tail: number
  readonly failures: number
  readonly refused: readonly string[]
}

async function load(scope: Scope, { port, head }: Target): Promise<Posted> {
  const file = join(temporaryFolder(scope), 'head')
  writeFileSync(file, head)
  const words = [port, connections, milliseconds].map(String)
  const program = inProject('bench/programs/post.ts')
  const said = await runOrFail([process.execPath, program, ...words, file], { timeout: 60_000 })
  const posted = JSON.parse(said) as Posted
  if (posted.failures === 0) return posted
  throw new Error(`${posted.failures} refused: ${posted.refused.join('\n')}`)
}
