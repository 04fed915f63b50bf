import type { GatedBy, Hold } from '../../protocol/index.ts'
import type { ReportedError } from '../../events/index.ts'
import { describeResult } from '../deploy/describe-result.ts'
import { findOrder } from '../deploy/find-order.ts'
import type { Host } from '../host.ts'
import { listJournals, readJournal } from '../journal-file.ts'
import { appPaths } from '../layout.ts'
import { isBound, type QuarantineEntry } from '../state/app-state.ts'
import { readAppState } from '../state/locked-app.ts'
import type { DeploymentResult } from '../../protocol/index.ts'

/** How an app stands towards what a server wants of it. */
export interface AppStanding {
  /** The last desire that was reached. */
  readonly managed: GatedBy | undefined
  /** A person has worked on it since. */
  readonly isDisturbed: boolean
  readonly hold: Hold | undefined
  readonly quarantine: Readonly<Record<string, QuarantineEntry>>
  /** What has not ended; `gated` when a server wanted it. */
  readonly unfinished:
    | { readonly deployment: string; readonly gated: GatedBy | undefined }
    | undefined
  /** The newest deployment for the desire that was asked about. */
  readonly last: WantedRun | undefined
  /** How many deployments for it were undone. */
  readonly undone: number
}

export interface WantedRun {
  readonly deployment: string
  readonly outcome: DeploymentResult['outcome'] | 'unfinished'
  /** Its binding is written, whatever came after. */
  readonly isCommitted: boolean
  readonly error: (ReportedError & { readonly step?: string }) | undefined
  readonly traffic: DeploymentResult['traffic']
  /** When it ended, milliseconds since 1970; 0 while it has not. */
  readonly endedAt: number
}

/** Deployments of an app that are looked through, newest first. */
const lookedThrough = 30

/** Reads the state and the journals of an app as they are now; takes no lock and changes nothing. */
export function readStanding(host: Host, app: string, wanted: GatedBy | undefined): AppStanding {
  const state = readAppState(host.layout, app)
  const { journal } = appPaths(host.layout, app)
  const { unfinished } = state
  const runs = listJournals(journal)
    .slice(0, lookedThrough)
    .map((deployment) => ({ deployment, entries: readJournal(journal, deployment) }))
    .map((run) => ({ ...run, order: findOrder(run.entries) }))
  const open = runs.find(({ deployment }) => deployment === unfinished)
  const own = runs
    .filter(({ order }) => isSameWish(order?.request.gated, wanted))
    .toSorted((left, right) => (right.order?.at ?? 0) - (left.order?.at ?? 0))
  const results = own.map(({ deployment, entries }): WantedRun => {
    const hasEnded = entries.some(({ type }) => type === 'outcome')
    const result = describeResult(state, host.routes.load(), { deployment, entries })
    return {
      deployment,
      outcome: hasEnded ? result.outcome : 'unfinished',
      isCommitted: isBound(state, deployment),
      error: result.error,
      traffic: result.traffic,
      endedAt: hasEnded ? result.startedAt + result.milliseconds : 0,
    }
  })
  return {
    managed: state.managed,
    isDisturbed: state.disturbed === true,
    hold: state.hold,
    quarantine: state.quarantine,
    unfinished:
      unfinished === undefined
        ? undefined
        : { deployment: unfinished, gated: open?.order?.request.gated },
    last: results[0],
    undone: results.filter(({ outcome }) => outcome === 'undone').length,
  }
}

export function isSameWish(left: GatedBy | undefined, right: GatedBy | undefined): boolean {
  return (
    left !== undefined &&
    left.epoch === right?.epoch &&
    left.deployment === right.deployment &&
    left.generation === right.generation
  )
}
