import { AppError, nearestName } from '../../errors/index.ts'
import type {
  DeploymentDetail,
  DeploymentSummary,
  HistoryEntry,
  LiftSummary,
  TrafficStatement,
} from '../../protocol/index.ts'
import { readProgress, type JournalEntry } from '../../steps/index.ts'
import { findOrder } from '../deploy/find-order.ts'
import type { Host } from '../host.ts'
import { listJournals, readJournal } from '../journal-file.ts'
import { appPaths } from '../layout.ts'
import { listApps, readAppState } from '../state/locked-app.ts'
import { chooseApps } from './choose-app.ts'

/** What was done lately with one app or with all, newest first: deployments, and releases lifted from quarantine. */
export function listHistory(
  host: Host,
  wish: { readonly app?: string; readonly limit: number },
): HistoryEntry[] {
  const lifts = chooseApps(host, wish.app).flatMap((app) => listLifts(host, app))
  return [...listDeployments(host, wish), ...lifts]
    .toSorted((left, right) => right.startedAt - left.startedAt)
    .slice(0, wish.limit)
}

function listLifts({ layout }: Host, app: string): LiftSummary[] {
  const { lifts = [] } = readAppState(layout, app)
  return lifts.map(({ at, ...lift }) => ({ kind: 'lift', app, startedAt: at, ...lift }))
}

/** The newest deployments of one app or of all, newest first. */
export function listDeployments(
  host: Host,
  wish: { readonly app?: string; readonly limit: number },
): DeploymentSummary[] {
  const { layout } = host
  const ids = chooseApps(host, wish.app).flatMap((app) =>
    listJournals(appPaths(layout, app).journal).map((id) => ({ app, id })),
  )
  const newest = ids.toSorted((left, right) => (left.id < right.id ? 1 : -1))
  const oldest = secondOf(newest[wish.limit - 1]?.id ?? '')
  return newest
    .filter(({ id }) => secondOf(id) >= oldest)
    .map(({ app, id }) => summarize(app, id, readJournal(appPaths(layout, app).journal, id)))
    .toSorted((left, right) => right.startedAt - left.startedAt)
    .slice(0, wish.limit)
}

/** An id sorts by its second; within that only the journal knows the order. */
function secondOf(id: string): string {
  return id.slice(0, '20261120-123904'.length)
}

/** Everything the journal knows of one deployment. @throws AppError `not-found`. */
export function showDeployment({ layout }: Host, wanted: string): DeploymentDetail {
  const everything = listApps(layout).flatMap((app) =>
    listJournals(appPaths(layout, app).journal).map((id) => ({ app, id })),
  )
  const found = everything.find(({ id }) => id === wanted)
  if (found === undefined) {
    const near = nearestName(
      wanted,
      everything.map(({ id }) => id),
    )
    throw new AppError('not-found', `there is no deployment "${wanted}"`, {
      hint: near === undefined ? '`sluice history` lists them' : `did you mean ${near}?`,
    })
  }
  const entries = readJournal(appPaths(layout, found.app).journal, found.id)
  const end = entries.findLast((entry) => entry.type === 'outcome')
  return {
    ...summarize(found.app, found.id, entries),
    request: findOrder(entries)?.request,
    steps: describeSteps(entries),
    // A step that failed and was taken up again is no failure of what succeeded.
    failure: end === undefined ? readProgress(entries).failure : end.error,
    traffic: end?.statement as TrafficStatement | undefined,
  }
}

function summarize(
  app: string,
  deployment: string,
  entries: readonly JournalEntry[],
): DeploymentSummary {
  const order = findOrder(entries)
  const end = entries.findLast((entry) => entry.type === 'outcome')
  return {
    deployment,
    kind: order?.kind ?? 'unknown',
    app,
    by: order?.by ?? 'unknown',
    startedAt: order?.at ?? 0,
    milliseconds: order === undefined || end === undefined ? undefined : end.at - order.at,
    outcome: end?.outcome ?? 'unfinished',
    release: order?.request.release,
    label: order?.request.label,
    error: end?.error?.message,
  }
}

function describeSteps(entries: readonly JournalEntry[]): DeploymentDetail['steps'] {
  const { steps = [] } = findOrder(entries) ?? {}
  return steps.map((name) => {
    const own = entries.filter((entry) => 'step' in entry && entry.step === name)
    const begin = own.find((entry) => entry.type === 'step-started')
    const end = own.findLast(
      (entry) => entry.type === 'step-finished' || entry.type === 'step-failed',
    )
    return {
      name,
      state: stepState(own.at(-1)),
      startedAt: begin?.at,
      milliseconds: begin === undefined || end === undefined ? undefined : end.at - begin.at,
      detail: end?.type === 'step-finished' ? end.detail : end?.error.message,
    }
  })
}

function stepState(last: JournalEntry | undefined): DeploymentDetail['steps'][number]['state'] {
  switch (last?.type) {
    case 'step-started':
    case 'undo-started':
      return 'running'
    case 'step-finished':
      return 'finished'
    case 'step-failed':
      return 'failed'
    case 'undo-finished':
      return 'undone'
    case 'undo-failed':
      return 'undo failed'
    case 'started':
    case 'resumed':
    case 'outcome':
    case undefined:
      return 'waiting'
  }
}
