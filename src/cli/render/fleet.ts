import {
  exitCodeOf,
  exitCodes,
  failureLines,
  formatAge,
  formatPairs,
  formatTable,
  result,
  type CommandResult,
  type Style,
} from '../../terminal/index.ts'
import type {
  DeploymentHost,
  DeploymentSummary,
  DeploymentView,
} from '../server/deployments-on-server.ts'
import type { FleetApp } from '../../control/index.ts'
import type { FleetHost, RejectedView } from '../server/fleet-on-server.ts'
import type { ScriptRuns } from '../server/runs-on-server.ts'
import { stateWord } from './words.ts'

/** How a deployment to many hosts ends the command: as one on this host does. */
export function fleetDeploymentResult(deployment: DeploymentView): CommandResult {
  return result(deployment, renderFleetDeployment, exitCodeOfState(deployment))
}

function exitCodeOfState({ state, error }: DeploymentSummary): number {
  if (state === 'partial') return exitCodes.partial
  if (state === 'undone' || state === 'undoing')
    return error === null ? exitCodes.failed : exitCodeOf(error.code)
  return 0
}

export function renderFleetDeployment(deployment: DeploymentView, style: Style): string {
  const { id, app, version, to, state, by, source, error, hosts, reason } = deployment
  const labels = Object.entries(to).map(([name, value]) => `${name}=${value}`)
  const why = error === null ? '' : `: ${error.message}`
  const owed = hosts.filter((host) => host.owed).map(({ name }) => name)
  return [
    `${style.color.bold(`${app} ${version}`)} to ${labels.join(',')}: ${stateWord(state, style)}${why}`,
    ...(error === null ? [] : failureLines(error, style)),
    formatPairs(
      [
        ['deployment', id],
        ['by', `${source} ${by}`],
        ['reason', reason ?? undefined],
        ['began', age(deployment.created, style)],
        ['owed', owed.length === 0 ? undefined : owed.join(', ')],
        ['next', nextOf(deployment)],
      ],
      style,
    ),
    hostTable(hosts, style),
  ].join('\n')
}

/** What a person types next, if anything. */
function nextOf({ id, app, state, hosts }: DeploymentView): string | undefined {
  const held = hosts.find((host) => host.state === 'held')
  if (held !== undefined) return `sluice release-hold ${app} --agent ${held.name}`
  if (state === 'partial') return `sluice logs ${id}, then look at the hosts that failed`
  if (state === 'undone') return `sluice logs ${id}`
  return state === 'succeeded' ? undefined : `sluice logs -f ${id}`
}

function hostTable(hosts: readonly DeploymentHost[], style: Style): string {
  const rows = hosts.map((host) => [
    host.name,
    stateWord(host.state, style),
    host.phase ?? 'superseded',
    String(host.generation),
    host.owed ? 'owed' : '',
    age(host.changed, style),
    host.seen === null ? 'never' : age(host.seen, style),
    host.error?.message ?? '',
  ])
  const columns = ['HOST', 'STATE', 'TOLD', 'GEN', '', 'CHANGED', 'SEEN', '']
  return formatTable({ columns, rows, indent: '  ' }, style)
}

export function renderDeployments(listed: readonly DeploymentSummary[], style: Style): string {
  if (listed.length === 0) return style.color.dim('no deployments yet')
  const rows = listed.map(({ id, app, version, to, state, by, source, created, error }) => [
    id,
    `${app} ${version}`,
    Object.values(to).join(','),
    stateWord(state, style),
    `${source} ${by}`,
    age(created, style),
    error?.message ?? '',
  ])
  const columns = ['DEPLOYMENT', 'RELEASE', 'TO', 'STATE', 'BY', 'BEGAN', '']
  return formatTable({ columns, rows }, style)
}

/** What is desired of each host beside how it stands. */
export function renderFleet(hosts: readonly FleetHost[], style: Style): string {
  if (hosts.length === 0) return style.color.dim('no hosts yet; `sluice join-token` lets one in')
  const rows = hosts.flatMap((host) => rowsOf(host, style))
  const columns = ['HOST', 'APP', 'DESIRED', 'ACTUAL', 'STATE', 'SEEN', '']
  return formatTable({ columns, rows }, style)
}

function rowsOf(host: FleetHost, style: Style): string[][] {
  const seen = host.seen === null ? 'never' : age(host.seen, style)
  const name = host.state === 'active' ? host.name : `${host.name} (${host.state})`
  if (host.apps.length === 0) return [[name, '', '', '', '', seen, '']]
  return host.apps.map((app) => [name, app.app, ...standing(app, style), seen, remarks(app)])
}

function standing({ desired, actual }: FleetApp, style: Style): string[] {
  const now = actual?.version === undefined ? '' : `${actual.version} (${actual.generation})`
  if (desired === undefined) return ['', now, '']
  const wanted = desired.phase === 'back' ? 'as before' : desired.version
  return [`${wanted} (${desired.generation})`, now, stateWord(desired.state, style)]
}

function remarks({ desired, actual }: FleetApp): string {
  const drifted = actual?.drifted.length ?? 0
  return [
    ...(desired?.owed === true ? ['owed'] : []),
    ...(actual?.heldBy === undefined ? [] : [`held by ${actual.heldBy}`]),
    ...(drifted === 0 ? [] : [`${drifted} drifted`]),
  ].join(', ')
}

/** What became of a script on each host. */
export function renderRuns({ trigger, sequence, script, runs }: ScriptRuns, style: Style): string {
  const rows = runs.map(({ name, state, changed, error }) => [
    name,
    stateWord(state, style),
    age(changed, style),
    error?.message ?? '',
  ])
  return [
    `${style.color.bold(script)}, started by ${trigger}/${sequence}`,
    formatTable({ columns: ['HOST', 'STATE', 'CHANGED', ''], rows, indent: '  ' }, style),
  ].join('\n')
}

export function renderRejected(listed: readonly RejectedView[], style: Style): string {
  if (listed.length === 0) return style.color.dim('no release is rejected')
  const rows = listed.map(({ app, version, digest, by, at, reason }) => [
    `${app}@${version}`,
    `sha256:${digest.slice(0, 12)}`,
    by,
    age(at, style),
    reason,
  ])
  return formatTable({ columns: ['RELEASE', 'DIGEST', 'BY', 'SINCE', 'REASON'], rows }, style)
}

function age(time: string, { now }: Style): string {
  return formatAge(Date.parse(time), now)
}
