import type { DeploymentResult, TrafficStatement } from '../../protocol/index.ts'
import {
  exitCodeOf,
  exitCodes,
  failureLines,
  formatDuration,
  formatPairs,
  result,
  type CommandResult,
  type Style,
} from '../../terminal/index.ts'
import { releaseName } from './words.ts'

/** How a finished deployment ends the command. */
export function deploymentResult(deployment: DeploymentResult): CommandResult {
  return result(deployment, renderDeployment, deploymentExitCode(deployment))
}

/** 0 when done; `partial` before everything else; otherwise what the failure's code says. */
export function deploymentExitCode({ outcome, error }: DeploymentResult): number {
  if (outcome === 'succeeded') return 0
  if (outcome === 'partial') return exitCodes.partial
  return error === undefined ? exitCodes.failed : exitCodeOf(error.code)
}

/** The end of a deployment for a person: what is so now, what failed and why, and what to type next. */
export function renderDeployment(deployment: DeploymentResult, style: Style): string {
  const lines = [headline(deployment, style)]
  if (deployment.error !== undefined) lines.push(...failureLines(deployment.error, style))
  lines.push(formatPairs(facts(deployment), style))
  return lines.filter((line) => line !== '').join('\n')
}

const endings = {
  undone: 'and was undone',
  half: 'and could not be undone wholly',
  partial: 'behind its commit, and its end is owed',
} as const

function headline(deployment: DeploymentResult, { color, marks }: Style): string {
  const { kind, outcome, error, milliseconds, app } = deployment
  const what = deployment.release === undefined ? app : releaseName(deployment.release)
  const time = color.dim(`(${formatDuration(milliseconds)})`)
  if (outcome === 'succeeded')
    return `${color.green(marks.good)} ${kind} of ${what} succeeded ${time}`
  const where = error?.step === undefined ? '' : ` in step ${error.step}`
  const verb = error?.code === 'aborted' ? 'was stopped' : 'failed'
  const end = endings[outcome === 'partial' && error?.code === 'undo-failed' ? 'half' : outcome]
  const why = error === undefined ? '' : `: ${error.message}`
  return `${color.red(marks.bad)} ${kind} of ${what} ${verb}${where} ${end}${why} ${time}`
}

function facts(deployment: DeploymentResult): (readonly [string, string | undefined])[] {
  const { outcome, label, proof, traffic } = deployment
  return [
    ['deployment', deployment.deployment],
    ['label', label],
    ['health', outcome === 'succeeded' && proof !== 'none needed' ? proof : undefined],
    ['traffic', traffic === undefined ? undefined : describeTraffic(traffic)],
    ['serving', describeServing(deployment)],
    ['look at', outcome === 'succeeded' ? undefined : `sluice show ${deployment.deployment}`],
  ]
}

function describeServing({ serving, outcome, kind }: DeploymentResult): string | undefined {
  if (serving === undefined) {
    return outcome === 'succeeded' && kind !== 'disconnect' ? undefined : 'nothing'
  }
  const endpoints = serving.endpoints.length === 0 ? 'no endpoint' : serving.endpoints.join(', ')
  return `${serving.label} (${releaseName(serving.release)}) on ${endpoints}`
}

/** The zero-downtime statement: `0 of 412 requests failed on main; p99 before 3 ms, during 4 ms, after 3 ms`. */
export function describeTraffic({ endpoint, before, during, after }: TrafficStatement): string {
  const phases = [before, during, after]
  const sent = phases.reduce((sum, phase) => sum + phase.sent, 0)
  const failed = phases.reduce((sum, phase) => sum + phase.failed, 0)
  const times = Object.entries({ before, during, after }).flatMap(([name, { p99 }]) =>
    p99 === undefined ? [] : [`${name} ${formatDuration(p99)}`],
  )
  const p99s = times.length === 0 ? '' : `; p99 ${times.join(', ')}`
  return `${failed} of ${sent} requests failed on ${endpoint}${p99s}`
}
