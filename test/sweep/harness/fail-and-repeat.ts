import { runWithFault, type CallPoint, type Fault } from './faults.ts'
import type { Flow } from './flows.ts'
import { findViolations, lookAt } from './oracle.ts'
import { newJournal } from './recovery.ts'
import type { Site } from './site.ts'
import { describe, type CaseReport, type SweepContext } from './sweep.ts'

/** One command in which one system call fails. */
export interface FailingCase {
  readonly flow: Flow
  readonly point: CallPoint
  readonly fault: Exclude<Fault, 'SIGKILL'>
}

/**
 * Lets a call of a command fail. The command must say so with an error that has a name, or have done everything;
 * what it leaves must be whole, and the same command must work once the fault is over.
 */
export async function failAndRepeat(
  { strace }: SweepContext,
  site: Site,
  { flow, point, fault }: FailingCase,
): Promise<CaseReport> {
  const words = await flow.prepare(site)
  const before = lookAt(site)
  const end = await runWithFault(strace, site.machine, { words, point, fault })
  const violations: string[] = []
  const text = `${end.stdout}${end.stderr}`
  if (end.status === 70 || end.status === null || /^\s+at .*:\d+/m.test(text))
    violations.push(`a bug: ${describe(end)}`)
  const deployment = newJournal(site, before)
  if (end.status === 0) violations.push(...checkDone(site, flow, deployment))
  const isOpen = site.state().unfinished !== undefined
  if (isOpen && end.status === 0) violations.push('it succeeded and is unfinished')
  // Only with the fault is an end owed.
  if (isOpen) await site.machine.sluice('boot')
  if (flow.steps.length === 0) await site.succeed('prune')
  violations.push(...(await findViolations(site, before)))
  return {
    name: `${flow.name} with ${fault} at ${point.call} ${point.nth} (${point.path ?? '-'})`,
    flow: flow.name,
    fired: end.status !== 0,
    firedTwice: false,
    lastEntry: undefined,
    violations,
  }
}

/** Success means that all of it happened. */
function checkDone(site: Site, flow: Flow, deployment: string | undefined): string[] {
  if (flow.steps.length === 0) return []
  if (deployment === undefined) return ['it succeeded without a journal']
  const journal = site.journal(deployment)
  const finished = new Set(
    journal.filter((entry) => entry.type === 'step-finished').map(({ step }) => step),
  )
  const missing = flow.steps.filter((step) => !finished.has(step))
  const isBound = site.state().bindings.at(-1)?.deployment === deployment
  const mustBeBound = flow.steps.includes('commit')
  return [
    ...(missing.length === 0 ? [] : [`it succeeded without ${missing.join(', ')}`]),
    ...(mustBeBound && !isBound ? ['it succeeded and is not bound'] : []),
  ]
}
