import type { DeploymentKind } from '../../protocol/index.ts'
import type { JournalEntry } from '../../steps/index.ts'
import type { DeploymentOrder, DeploymentRequest } from './deploy-context.ts'

/** What a journal's deployment was asked, by whom and when. */
export interface JournaledOrder extends DeploymentOrder {
  readonly at: number
  readonly by: string
  /** Names of its steps in order, as its version of sluice had them. */
  readonly steps: readonly string[]
}

/** Reads the order off a journal; undefined when the deployment was cut off before its first entry. */
export function findOrder(entries: readonly JournalEntry[]): JournaledOrder | undefined {
  const started = entries.find((entry) => entry.type === 'started')
  if (started === undefined) return undefined
  const { at, by, steps } = started
  return {
    kind: started.kind as DeploymentKind,
    request: started.request as DeploymentRequest,
    at,
    by,
    steps,
  }
}
