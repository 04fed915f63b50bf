import { join } from 'node:path'

import { AppError } from '../../src/errors/index.ts'
import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { withScope } from '../scope.ts'
import { percentile } from '../statistics.ts'
import { judgeAnswers, type ClientKind, type Move } from './answers.ts'
import { startBackends, startClients, type Backends, type Clients } from './children.ts'
import type { Rival, StartRival } from './rival.ts'

export interface SwitchOrder {
  readonly switches: number
  /** Requests that must have been answered at least. */
  readonly requests: number
  readonly kind: ClientKind
  /** Connections that are kept busy; 16 unless told. */
  readonly clients?: number
}

export interface SwitchReport {
  readonly switches: number
  readonly requests: number
  readonly failed: number
  /** The first few, in words. */
  readonly failures: readonly string[]
  readonly retries: number
  /** Answered by the old release after the switch was acknowledged. */
  readonly stale: number
  /** Answers of which one release alone was right. */
  readonly judged: number
  /** Milliseconds from the order to the acknowledgement. */
  readonly p50: number
  readonly p99: number
  readonly requestsPerSecond: number
}

/**
 * Switches between two releases under visitors who ask without pause.
 * @throws AppError `bug` when the load was not what was ordered, so that an empty run never counts.
 */
export async function measureSwitches(
  start: StartRival,
  order: SwitchOrder,
): Promise<SwitchReport> {
  return await withScope(async (scope) => {
    const folder = temporaryFolder(scope)
    const releases = await startBackends(scope, folder)
    const rival = await start(scope, join(folder, 'proxy'), releases)
    const { kind, clients: count = 16 } = order
    const file = join(folder, 'answers')
    const clients = startClients(scope, { port: rival.port, clients: count, kind, file })
    const moves = await switchUnderLoad(rival, releases, { clients, order })
    const { answers, ...counts } = await clients.stop()
    const times = moves.map((move) => move.acknowledgedAt - move.startedAt)
    const report: SwitchReport = {
      ...counts,
      ...judgeAnswers(answers, moves),
      switches: moves.length,
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      requestsPerSecond: perSecond(answers),
    }
    assertLoaded(report, order)
    return report
  })
}

async function switchUnderLoad(
  rival: Rival,
  releases: Backends,
  { clients, order }: { readonly clients: Clients; readonly order: SwitchOrder },
): Promise<Move[]> {
  const moves: Move[] = []
  const between = Math.ceil(order.requests / order.switches)
  await clients.after(between)
  for (let round = 1; round <= order.switches; round++) {
    const release = releases[round % 2 === 0 ? 0 : 1]
    const startedAt = now()
    await rival.connect(release)
    moves.push({ label: release.label, startedAt, acknowledgedAt: now() })
    await clients.after(between)
  }
  return moves
}

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

function perSecond(answers: Float64Array): number {
  const milliseconds = (answers.at(-2) ?? 0) - (answers.at(0) ?? 0)
  return milliseconds === 0 ? 0 : Math.round((answers.length / 3 / milliseconds) * 1000)
}

/** Enough answers lie between two switches, or nobody could tell a stale one. */
function assertLoaded(report: SwitchReport, order: SwitchOrder): void {
  const { requests, switches, judged } = report
  if (requests >= order.requests && switches === order.switches && judged * 10 >= requests) return
  throw new AppError(
    'bug',
    `the load was not what was ordered: ${requests} of ${order.requests} requests, ${switches} of ${order.switches} switches, ${judged} answers that could be judged`,
  )
}
