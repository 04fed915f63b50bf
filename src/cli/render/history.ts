import type {
  DeploymentDetail,
  DeploymentSummary,
  HistoryEntry,
  LiftSummary,
} from '../../protocol/index.ts'
import {
  failureLines,
  formatAge,
  formatDuration,
  formatPairs,
  formatTable,
  formatTime,
  safeLine,
  type Style,
} from '../../terminal/index.ts'
import { describeTraffic } from './deployment.ts'
import { releaseName, shortDigest, stateWord } from './words.ts'

/** Past deployments and lifted releases, newest first. */
export function renderHistory(entries: readonly HistoryEntry[], style: Style): string {
  if (entries.length === 0) return style.color.dim('no deployments yet')
  const rows = entries.map((entry) =>
    entry.kind === 'lift' ? liftRow(entry, style) : deploymentRow(entry, style),
  )
  const columns = ['deployment', 'when', 'app', 'kind', 'version', 'outcome', 'took', 'by', 'why']
  return formatTable({ columns, rows }, style)
}

function deploymentRow(deployment: DeploymentSummary, style: Style): string[] {
  return [
    deployment.deployment,
    formatAge(deployment.startedAt, style.now),
    deployment.app,
    deployment.kind,
    deployment.release?.version ?? '',
    stateWord(deployment.outcome, style),
    deployment.milliseconds === undefined ? '' : formatDuration(deployment.milliseconds),
    deployment.by,
    safeLine(deployment.error ?? ''),
  ]
}

function liftRow(
  { startedAt, app, kind, release, by, reason }: LiftSummary,
  style: Style,
): string[] {
  const when = formatAge(startedAt, style.now)
  return ['', when, app, kind, release.version, '', '', by, safeLine(reason)]
}

/** Everything a journal tells of one deployment. */
export function renderDetail(detail: DeploymentDetail, style: Style): string {
  const { color } = style
  const release = detail.release
  const pairs = [
    ['outcome', stateWord(detail.outcome, style)],
    ['release', release && `${releaseName(release)} (sha256:${shortDigest(release.digest)})`],
    ['label', detail.label],
    ['by', detail.by],
    ['started', `${formatTime(detail.startedAt)} (${formatAge(detail.startedAt, style.now)})`],
    ['took', detail.milliseconds === undefined ? undefined : formatDuration(detail.milliseconds)],
    ['traffic', detail.traffic && describeTraffic(detail.traffic)],
    ['next', detail.outcome === 'unfinished' ? `sluice resume ${detail.deployment}` : undefined],
  ] as const
  return [
    color.bold(`${detail.kind} of ${detail.app}, deployment ${detail.deployment}`),
    formatPairs(pairs, style),
    '',
    formatTable({ columns: ['step', 'state', 'took', ''], rows: stepRows(detail, style) }, style),
    ...renderFailure(detail, style),
  ].join('\n')
}

function stepRows({ steps }: DeploymentDetail, style: Style): string[][] {
  return steps.map(({ name, state, milliseconds, detail }) => [
    name,
    state === 'waiting' ? style.color.dim(state) : stateWord(state, style),
    milliseconds === undefined ? '' : formatDuration(milliseconds),
    safeLine(detail ?? ''),
  ])
}

function renderFailure({ failure }: DeploymentDetail, style: Style): string[] {
  if (failure === undefined) return []
  return ['', `${style.color.red('error:')} ${failure.message}`, ...failureLines(failure, style)]
}
