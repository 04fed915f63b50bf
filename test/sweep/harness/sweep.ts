import type { TestContext } from 'node:test'

import type { RunResult } from '../../../src/system/index.ts'
import { listCalls, runWithFault, type CallPoint, type Fault } from './faults.ts'
import type { Flow } from './flows.ts'
import { findViolations, lookAt, type Before } from './oracle.ts'
import { isDone, judgeRecovery, newJournal, recoveryWords, type Recovery } from './recovery.ts'
import { openSite, type Site } from './site.ts'

export { seededRandom } from '../../support/seeded-random.ts'

// The invariants, as the numbers in front of violations name them:
// I1 current leads to one whole deploy · I2 the endpoint serves what is recorded, one version, at its generation ·
// I3 only whole things under final names · I4 one outcome per deployment, for ever · I5 a command of a release is
// started at most once · I6 no process and no port outside the state · I7 states parse and never go back ·
// I10 no lock to clean by hand · I11 no secret outside its place · I12 visitors never notice · I13 rubbish is bounded

/** One disturbed command and what follows. */
export interface Case {
  readonly flow: Flow
  readonly point: CallPoint
  readonly recovery: Recovery
  /** The recovery is killed as well, at its n-th call of this name. */
  readonly second?: Omit<CallPoint, 'path'>
}

export interface CaseReport {
  readonly name: string
  readonly flow: string
  readonly fired: boolean
  readonly firedTwice: boolean
  /** The last entry of the journal when the command was killed, such as `step-started switch`. */
  readonly lastEntry: string | undefined
  readonly violations: readonly string[]
}

export interface SweepContext {
  readonly strace: string
  readonly test: TestContext
}

/** Milliseconds in which a recovery must have ended, on a machine that does much else. */
const recoveryLimit = 10_000

/** Kills a command, lets it be recovered, and looks at everything. */
export async function killAndRecover(
  { strace }: SweepContext,
  site: Site,
  order: Case,
): Promise<CaseReport> {
  const { flow, point, recovery, second } = order
  const words = await flow.prepare(site)
  const before = lookAt(site)
  const end = await runWithFault(strace, site.machine, { words, point, fault: 'SIGKILL' })
  const fired = end.signal === 'SIGKILL'
  const violations = fired || end.status === 0 ? [] : [`unharmed, but ${describe(end)}`]
  const deployment = newJournal(site, before)
  const last = deployment === undefined ? undefined : site.journal(deployment).at(-1)
  let firedTwice = false
  if (fired && second !== undefined) {
    const again = await recoveryWords(site, recovery, { flow, words, before })
    const broken = { words: again, point: second, fault: 'SIGKILL' } as const
    firedTwice = (await runWithFault(strace, site.machine, broken)).signal === 'SIGKILL'
  }
  if (fired) violations.push(...(await recover(site, order, { words, before })))
  // Only `prune` itself goes on with a pruning.
  if (fired && flow.steps.length === 0) await site.succeed('prune')
  violations.push(...(await findViolations(site, before)))
  if (violations.length > 0) violations.push(...lastEntries(site))
  return {
    name: nameOf(order),
    flow: flow.name,
    fired,
    firedTwice,
    lastEntry:
      last === undefined ? undefined : `${last.type} ${'step' in last ? last.step : ''}`.trim(),
    violations,
  }
}

/** What the newest journals tell, to read beside a violation. */
function lastEntries(site: Site): string[] {
  const newest = site.journals().slice(-2)
  const entries = newest.flatMap((id) => site.journal(id).map((entry) => ({ id, ...entry })))
  return entries
    .slice(-40)
    .map(({ id, at, ...entry }) => `${new Date(at).toISOString()} ${id} ${brief(entry)}`)
}

function brief({ type, ...rest }: { readonly type: string }): string {
  return `${type} ${JSON.stringify(rest).slice(0, 120)}`
}

async function recover(
  site: Site,
  { flow, recovery }: Case,
  { words, before }: { readonly words: readonly string[]; readonly before: Before },
): Promise<string[]> {
  const startedAt = performance.now()
  // A recovery that was killed itself may have left one of its own.
  const { unfinished } = site.state()
  const deployment = unfinished ?? newJournal(site, before)
  const wasOpen = unfinished !== undefined
  const wasDone = isDone(site, before)
  const end = await site.machine.sluice(
    ...(await recoveryWords(site, recovery, { flow, words, before })),
  )
  const milliseconds = performance.now() - startedAt
  const violations = judgeRecovery(site, end, { recovery, deployment, wasOpen, wasDone })
  if (milliseconds > recoveryLimit)
    violations.push(`the recovery took ${Math.round(milliseconds)} ms`)
  return violations
}

function nameOf({ flow, point, recovery, second }: Case): string {
  const then = second === undefined ? '' : ` killed at ${second.call} ${second.nth}, then again`
  return `${flow.name} killed at ${point.call} ${point.nth} (${point.path ?? '-'}), ${recovery}${then}`
}

export interface SweepResult {
  readonly reports: readonly CaseReport[]
  readonly asked: number
}

/** After so many violating cases the rest tells nothing new. */
const mostFailures = 10

/**
 * Works through cases on several sites at once. A site goes on from case to case, so that what one leaves is found
 * by the next; one with a violation is replaced.
 */
export async function sweep<Order>(
  context: SweepContext,
  orders: readonly Order[],
  runCase: (context: SweepContext, site: Site, order: Order) => Promise<CaseReport>,
): Promise<SweepResult> {
  const waiting = [...orders]
  const reports: CaseReport[] = []
  let asked = 0
  async function work(): Promise<void> {
    let site = await openSite(context.test)
    try {
      for (let order = waiting.shift(); order !== undefined; order = waiting.shift()) {
        const report = await runCase(context, site, order)
        reports.push(report)
        if (report.violations.length === 0) continue
        if (reports.filter(({ violations }) => violations.length > 0).length >= mostFailures) return
        asked += site.visitor.asked
        await site.close()
        site = await openSite(context.test)
      }
    } finally {
      asked += site.visitor.asked
      await site.close()
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  return { reports, asked }
}

const workers = 2

/** The mutating calls of every flow, found by running each once. */
export async function listPoints(
  { strace, test }: SweepContext,
  flows: readonly Flow[],
): Promise<ReadonlyMap<Flow, readonly CallPoint[]>> {
  const site = await openSite(test)
  try {
    const found = new Map<Flow, readonly CallPoint[]>()
    for (const flow of flows) {
      const { points, end } = await listCalls(strace, site.machine, await flow.prepare(site))
      if (end.status !== 0) throw new Error(`${flow.name} ${describe(end)}`)
      found.set(flow, points)
    }
    return found
  } finally {
    await site.close()
  }
}

export function describe(end: RunResult): string {
  return `ended with ${end.signal ?? end.status}: ${end.stdout}${end.stderr}`.trim()
}

export type { Fault }
