import type { DeploymentResult } from '../../protocol/index.ts'
import type { RouteTable } from '../../proxy/index.ts'
import { readProgress, type JournalEntry } from '../../steps/index.ts'
import { currentBinding, type AppState } from '../state/app-state.ts'
import type { DeployFacts } from './deploy-context.ts'
import { connectedEndpoints } from './deploy-target.ts'
import { findOrder } from './find-order.ts'

/** What a deployment tells, read off its journal, the app's state and the routes; `partial` while its end is owed. */
export function describeResult(
  state: AppState,
  table: RouteTable,
  {
    deployment,
    entries,
  }: { readonly deployment: string; readonly entries: readonly JournalEntry[] },
): DeploymentResult {
  const order = findOrder(entries)
  const end = entries.findLast((entry) => entry.type === 'outcome')
  const facts: DeployFacts = readProgress(entries).facts
  const failed = entries.findLast((entry) => entry.type === 'step-failed')
  const error = end === undefined ? failed?.error : end.error
  const step = failed === undefined ? {} : { step: failed.step }
  return {
    deployment,
    kind: order?.kind ?? 'deploy',
    app: state.app,
    outcome: end?.outcome ?? 'partial',
    label: order?.request.label,
    release: order?.request.release,
    startedAt: order?.at ?? 0,
    milliseconds: (end?.at ?? 0) - (order?.at ?? 0),
    proof: facts.proof ?? 'none needed',
    traffic: end?.statement as DeploymentResult['traffic'],
    error: error === undefined ? undefined : { ...error, ...step },
    serving: describeServing(state, table),
  }
}

function describeServing(state: AppState, table: RouteTable): DeploymentResult['serving'] {
  const binding = currentBinding(state)
  // What is bound may have been stopped by hand.
  if (binding === undefined || state.deploys[binding.label]?.wanted !== 'running') return undefined
  const { label, release } = binding
  return { label, release, endpoints: connectedEndpoints(table, state.app, label) }
}
