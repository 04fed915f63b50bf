import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import {
  askOnce,
  builtServer,
  makeTokens,
  type BuiltServer,
} from '../../test/support/built-server.ts'
import { processorTime } from '../processor-time.ts'
import type { Scope } from '../scope.ts'
import { startPollers, type Pollers } from './pollers.ts'

export interface PollOrder {
  readonly polls: number
  /** How long nothing happens while processor time is counted. */
  readonly idleMilliseconds: number
  /** Says what is measured now. */
  readonly tell: (what: string) => void
}

export interface PollFigures {
  /** Seconds until all were held for the first time. */
  readonly firstSeconds: number
  /** MiB of the server: before anybody came, while all are held, and the most it ever had. */
  readonly memory: { readonly before: number; readonly held: number; readonly most: number }
  /** Share of one processor while nothing happened. */
  readonly idleShare: number
  /** Milliseconds from sending a raise until each poll was answered. */
  readonly wakes: readonly number[]
  /** Seconds from the start after kill -9 until all were held again. */
  readonly returnSeconds: number
  readonly refused: readonly (readonly [status: string, count: number])[]
}

/** Holds so many polls over TLS at the built server, wakes them by one raise, and kills the server under them. */
export async function measurePolls(scope: Scope, order: PollOrder): Promise<PollFigures> {
  const { polls, tell, idleMilliseconds } = order
  const server = await builtServer(scope, {
    tls: { mode: 'self-made' },
    triggers: { shop: { sources: ['token'] } },
    // Many polls share a token here, and all of them come again when they are woken.
    limits: { poll: { perMinute: 1_000_000, burst: 100_000 } },
  })
  const [token = ''] = await makeTokens(server, 'trigger:shop', 1)
  const before = memoryOf(server.pid(), 'VmRSS')
  tell('polls that come')
  const begun = performance.now()
  const pollers = await startPollers(scope, server, polls)
  await allHeld(pollers, polls)
  const firstSeconds = (performance.now() - begun) / 1000
  tell('idle')
  const idleShare = await idleShareOf(server, idleMilliseconds)
  const held = memoryOf(server.pid(), 'VmRSS')
  tell('wakes')
  const wakes = await wakeAll(server, pollers, { polls, token })
  await allHeld(pollers, polls)
  const most = memoryOf(server.pid(), 'VmHWM')
  tell('the return after kill -9')
  const returnSeconds = await killAndReturn(server, pollers, polls)
  const { refused } = await pollers.report()
  return { firstSeconds, memory: { before, held, most }, idleShare, wakes, returnSeconds, refused }
}

async function idleShareOf(server: BuiltServer, milliseconds: number): Promise<number> {
  const [used, begun] = [processorTime(server.pid()), performance.now()]
  await sleep(milliseconds)
  return (processorTime(server.pid()) - used) / ((performance.now() - begun) / 1000)
}

async function wakeAll(
  server: BuiltServer,
  pollers: Pollers,
  { polls, token }: { readonly polls: number; readonly token: string },
): Promise<number[]> {
  await pollers.forget()
  const sentAt = Number(process.hrtime.bigint()) / 1e6
  const headers = { authorization: `Bearer ${token}` }
  await askOnce(server, { method: 'POST', path: '/v1/triggers/shop', headers })
  await until(async () => (await pollers.report()).woken >= polls, 'everybody to be woken')
  const { wokenAt } = await pollers.reportTimes()
  return wokenAt.map((at) => at - sentAt)
}

async function killAndReturn(
  server: BuiltServer,
  pollers: Pollers,
  polls: number,
): Promise<number> {
  await pollers.forget()
  await server.kill()
  // What was held is not held any more, whether or not its poller has seen it yet.
  await until(async () => (await pollers.report()).cuts >= polls, 'everybody to be cut off')
  const begun = performance.now()
  await server.start()
  await allHeld(pollers, polls)
  return (performance.now() - begun) / 1000
}

async function allHeld(pollers: Pollers, polls: number): Promise<void> {
  await until(async () => (await pollers.report()).held === polls, 'all polls to be held')
}

/** Returns once the condition holds; gives up loudly after four minutes. */
async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 240_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await sleep(50)
  }
}

/** MiB, from /proc. */
function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) / 1024
}
