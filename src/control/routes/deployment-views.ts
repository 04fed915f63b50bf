import type { FleetHost } from '../storage/desire-records.ts'
import type {
  EventContent,
  HostError,
  StoredDeployment,
  StoredDeploymentHost,
  StoredEvent,
} from '../storage/deployment-records.ts'

// Deployments as callers see them. Output of commands and programs may hold anything: only who may read it gets it.

export interface Seeing {
  readonly seesOutput: boolean
}

export function summaryOf(deployment: StoredDeployment) {
  const { id, app, version, digest, selector, state, requestedBy, source } = deployment
  return {
    id,
    app,
    version,
    digest,
    to: selector,
    state,
    by: requestedBy,
    source,
    created: timeOf(deployment.createdAt),
    finished: timeOf(deployment.finishedAt),
    error: deployment.error,
  }
}

export function deploymentView(deployment: StoredDeployment) {
  const { endpoints, reason, events, changedAt, deadline, committedAt } = deployment
  return {
    ...summaryOf(deployment),
    endpoints,
    reason,
    events,
    changed: timeOf(changedAt),
    deadline: timeOf(deadline),
    committed: timeOf(committedAt),
  }
}

export function hostView(host: StoredDeploymentHost, seeing: Seeing) {
  const { agent, name, generation, phase = null, state, owed, local, traffic } = host
  return {
    agent,
    name,
    generation,
    phase,
    state,
    owed,
    local,
    traffic,
    error: host.error === null ? null : errorView(host.error, seeing),
    changed: timeOf(host.changedAt),
    seen: timeOf(host.seenAt),
  }
}

export function eventView(
  { number, agent, at, content }: StoredEvent,
  { names, seesOutput }: Seeing & { readonly names: ReadonlyMap<string, string> },
) {
  const host = agent === null ? null : (names.get(agent) ?? agent)
  return { number, at: timeOf(at), host, ...contentView(content, { seesOutput }) }
}

function contentView(content: EventContent, seeing: Seeing): EventContent {
  if (content.kind === 'host' && content.error !== undefined)
    return { ...content, error: errorView(content.error, seeing) }
  if (content.kind !== 'step' || seeing.seesOutput) return content
  return { kind: 'step', event: withoutOutput(content.event) }
}

/** Of what a host's engine says: neither the lines of programs nor the output in an error. */
function withoutOutput(event: unknown): unknown {
  if (typeof event !== 'object' || event === null) return event
  const { type, step, error } = event as Record<string, unknown>
  if (type === 'output') return { type, step, line: '' }
  if (typeof error !== 'object' || error === null) return event
  const { output: _output, ...shown } = error as Record<string, unknown>
  return { ...event, error: shown }
}

export function errorView({ output, ...error }: HostError, { seesOutput }: Seeing): HostError {
  return seesOutput && output !== undefined ? { ...error, output } : error
}

export function fleetView({ seenAt, observedAt, ...host }: FleetHost) {
  return { ...host, seen: timeOf(seenAt), observed: timeOf(observedAt) }
}

export function timeOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
