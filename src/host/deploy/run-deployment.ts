import { AppError, toAppError } from '../../errors/index.ts'
import { reportError, type Outcome, type ReportedError } from '../../events/index.ts'
import type { DeploymentResult } from '../../protocol/index.ts'
import { readProgress, runSteps, undoSteps, type StepRun } from '../../steps/index.ts'
import { bootId, removeFile, removeTree } from '../../system/index.ts'
import type { Host } from '../host.ts'
import { journalPath, openJournal, type JournalFile } from '../journal-file.ts'
import { stagingPath } from '../layout.ts'
import { beginDeployment, isBound } from '../state/app-state.ts'
import type { LockedApp } from '../state/locked-app.ts'
import type { DeployContext, DeploymentOrder } from './deploy-context.ts'
import { newDeploymentId } from './deployment-id.ts'
import { describeResult } from './describe-result.ts'
import { findOrder } from './find-order.ts'
import { stepsOf } from './step-lists.ts'
import { watchTraffic, type TrafficWatch } from './watch-traffic.ts'

/** Runs a new deployment of a locked app from its first step to its one outcome. */
export async function runDeployment(
  host: Host,
  app: LockedApp,
  order: DeploymentOrder,
): Promise<DeploymentResult> {
  const deployment = newDeploymentId(host)
  const begun = { deployment, by: host.operator, at: host.clock.now(), gated: order.request.gated }
  app.update((state) => beginDeployment(state, begun))
  const journal = openJournal(app.paths.journal, deployment, () => app.assertHeld())
  try {
    journal.append({
      type: 'started',
      at: begun.at,
      kind: order.kind,
      by: host.operator,
      bootId: bootId(),
      fence: app.fence,
      request: order.request,
      steps: stepNames(order),
    })
    return await goForward({ host, app, deployment, journal, order })
  } finally {
    journal.close()
  }
}

type Direction = 'forward' | 'back'

/**
 * Takes up the app's deployment that was interrupted: forward to its end, or back to where it began. One that had ended
 * already tells how; undefined for one that had not begun, of which nothing stays.
 */
export async function continueDeployment(
  host: Host,
  app: LockedApp,
  wanted: Direction,
): Promise<DeploymentResult | undefined> {
  const deployment = app.state.unfinished
  if (deployment === undefined) return undefined
  const journal = openJournal(app.paths.journal, deployment, () => app.assertHeld())
  try {
    const order = findOrder(journal.entries())
    if (order === undefined) return forget(app, deployment)
    const run = { host, app, deployment, journal, order }
    if (readProgress(journal.entries()).outcome !== undefined) return end(run)
    const direction = chooseDirection(run, wanted)
    // Room first: on a full disk nothing could be journaled.
    if (direction === 'back') removeTree(stagingPath(host.layout, deployment))
    const { clock, operator: by } = host
    journal.append({ type: 'resumed', at: clock.now(), by, fence: app.fence, direction })
    return direction === 'back' ? await goBack(run, interruption(run)) : await goForward(run)
  } finally {
    journal.close()
  }
}

interface Run {
  readonly host: Host
  readonly app: LockedApp
  readonly deployment: string
  readonly journal: JournalFile
  readonly order: DeploymentOrder
}

async function goForward(run: Run): Promise<DeploymentResult> {
  const { host, deployment, order } = run
  host.report({
    type: 'deployment-started',
    deployment,
    app: run.app.state.app,
    title: `${order.kind} ${order.request.label}`,
    steps: stepNames(order),
  })
  const traffic = watchTraffic(host, order)
  try {
    return await goThrough(run, openContext(run, host.signal, traffic))
  } finally {
    await traffic?.finish()
  }
}

async function goThrough(run: Run, context: DeployContext): Promise<DeploymentResult> {
  const { before, after } = stepsOf(run.order)
  try {
    await runSteps({ ...workOf(run, context), steps: before })
  } catch (thrown) {
    return await goBack(run, reportError(thrown), context.traffic)
  }
  try {
    await runSteps({ ...workOf(run, context), steps: after })
  } catch (thrown) {
    if (run.host.signal.aborted) throw stoppedBehindCommit(run)
    // What fails behind the commit never takes the commit back. It is owed, and tried once more before it stays so.
    const error = reportError(thrown)
    if (!wasResumed(run)) return await leaveOpen(run, context, error)
    return await conclude(run, context, { outcome: 'partial', error })
  }
  return await conclude(run, context, { outcome: 'succeeded' })
}

async function goBack(
  run: Run,
  failure: ReportedError,
  traffic?: TrafficWatch,
): Promise<DeploymentResult> {
  const { before } = stepsOf(run.order)
  removeTree(stagingPath(run.host.layout, run.deployment))
  // Undoing goes on when the person has pressed Ctrl-C: half undone would be worse.
  const context = openContext(run, new AbortController().signal, traffic)
  const { failures } = await undoSteps({ ...workOf(run, context), steps: before })
  if (failure.code === 'bake-failed') rejectRelease(run, failure.message)
  if (failures.length === 0)
    return await conclude(run, context, { outcome: 'undone', error: failure })
  const names = failures.map(({ step, error }) => `${step}: ${toAppError(error).message}`)
  const message = `${failure.message}; and undoing failed: ${names.join('; ')}`
  const error = { ...failure, code: 'undo-failed', message }
  return await conclude(run, context, { outcome: 'partial', error })
}

function workOf(
  { host, journal }: Run,
  context: DeployContext,
): Omit<StepRun<DeployContext>, 'steps'> {
  return { context, journal, report: host.report, clock: host.clock }
}

/** A release that failed in front of visitors stays rejected until somebody lifts it. */
function rejectRelease({ host, app, order }: Run, reason: string): void {
  const { release, gated } = order.request
  if (release === undefined) return
  const { name, version, digest } = release
  const told = gated === undefined ? {} : { server: 'told' as const }
  const entry = { name, version, reason, by: host.operator, at: host.clock.now(), ...told }
  app.update((state) => ({ ...state, quarantine: { ...state.quarantine, [digest]: entry } }))
}

async function conclude(
  run: Run,
  context: DeployContext,
  ending: { readonly outcome: Outcome; readonly error?: ReportedError },
): Promise<DeploymentResult> {
  const { host, deployment, journal } = run
  const statement = await context.traffic?.finish()
  const probed = statement === undefined ? {} : { statement }
  journal.append({ type: 'outcome', at: host.clock.now(), ...ending, ...probed })
  const result = end(run)
  const { outcome, milliseconds } = result
  host.report({ type: 'deployment-finished', deployment, outcome, milliseconds })
  return result
}

/** No outcome yet: the deployment stays unfinished, so that `resume` or the next command brings it to its end. */
async function leaveOpen(
  { host, app, deployment, journal }: Run,
  context: DeployContext,
  error: ReportedError,
): Promise<DeploymentResult> {
  await context.traffic?.finish()
  const entries = journal.entries()
  const result = describeResult(app.state, host.routes.load(), { deployment, entries })
  const milliseconds = host.clock.now() - result.startedAt
  host.report({ type: 'deployment-finished', deployment, outcome: 'partial', milliseconds })
  const hint = `\`sluice resume ${deployment}\` tries the rest again`
  return { ...result, milliseconds, error: { hint, ...(result.error ?? error) } }
}

/** The journal has its outcome: nothing is unfinished any more. */
function end({ host, app, deployment, journal }: Run): DeploymentResult {
  app.update((state) => ({ ...state, unfinished: undefined }))
  return describeResult(app.state, host.routes.load(), { deployment, entries: journal.entries() })
}

/** Cut off before its first entry, it did nothing: its empty journal goes, and its name. */
function forget(app: LockedApp, deployment: string): undefined {
  removeFile(journalPath(app.paths.journal, deployment))
  app.update((state) => ({ ...state, unfinished: undefined }))
}

function openContext(
  run: Run,
  signal: AbortSignal,
  traffic: TrafficWatch | undefined,
): DeployContext {
  const { host, app, deployment, journal, order } = run
  const { facts } = readProgress(journal.entries())
  return { host, app, deployment, request: order.request, signal, facts, traffic }
}

/** What was being undone goes on so, what is committed goes forward, and what failed before goes back. */
function chooseDirection(run: Run, wanted: Direction): Direction {
  const { failure, isUndoing } = readProgress(run.journal.entries())
  if (isUndoing) return 'back'
  if (isCommitted(run)) return 'forward'
  return failure === undefined ? wanted : 'back'
}

function wasResumed({ journal }: Run): boolean {
  return journal.entries().some(({ type }) => type === 'resumed')
}

/** The commit may be on the disk although the journal does not know it yet. */
function isCommitted({ app, deployment, journal, order }: Run): boolean {
  const { finished } = readProgress(journal.entries())
  const last = stepsOf(order).before.at(-1)
  return last === undefined || finished.includes(last.name) || isBound(app.state, deployment)
}

function interruption({ journal }: Run): ReportedError {
  const { failure, begun } = readProgress(journal.entries())
  if (failure !== undefined) return failure
  const step = begun.at(-1) ?? 'start'
  return { code: 'interrupted', message: `interrupted at step "${step}" and taken back` }
}

function stoppedBehindCommit({ deployment, order: { kind, request } }: Run): AppError {
  return new AppError('aborted', `${kind} of ${request.label} was stopped before its last steps`, {
    hint: `it is not taken back: \`sluice resume ${deployment}\` or the next command finishes it`,
  })
}

function stepNames(order: DeploymentOrder): string[] {
  const { before, after } = stepsOf(order)
  return [...before, ...after].map(({ name }) => name)
}
