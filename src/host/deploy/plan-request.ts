import { isName } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import type { DeployRequest, RollbackRequest, StartRequest } from '../../protocol/index.ts'
import { findRoute, type RouteTable } from '../../proxy/index.ts'
import {
  bindingToRestore,
  currentBinding,
  type AppState,
  type Binding,
} from '../state/app-state.ts'
import type { DeploymentRequest } from './deploy-context.ts'
import { connectedEndpoints } from './deploy-target.ts'
import type { ResolvedRelease } from './resolve-release.ts'

// Pure decisions: what a deployment will be asked to do, from what was wished and what is there.

/** What a decision starts from. */
export interface Present {
  readonly state: AppState
  readonly table: RouteTable
  /** Whether the deploy that is named, or that a rollback goes to, could run again as it lies there. */
  readonly reusable: boolean
  /** Whether the archive that a rollback goes to is still kept here. */
  readonly archived: boolean
}

/** The request of `deploy`. @throws AppError `quarantined`, `label-exists`, `not-found`, `endpoint-taken`. */
export function requestDeploy(
  { state, table }: Pick<Present, 'state' | 'table'>,
  wish: Omit<DeployRequest, 'release'>,
  resolved: ResolvedRelease,
): DeploymentRequest {
  assertNotQuarantined(state, resolved.release.digest)
  const endpoints = chooseEndpoints(state, table, wish.endpoints)
  return {
    release: resolved.release,
    source: resolved.source,
    label: chooseLabel(state, resolved.release, wish.label),
    ...(wish.role === undefined ? {} : { role: wish.role }),
    endpoints,
    retires: chooseRetired(state, table, endpoints),
  }
}

/** The request of `start`: nothing is replaced, and a stopped deploy of this release that is named starts again. */
export function requestStart(
  { state, reusable }: Pick<Present, 'state' | 'reusable'>,
  wish: Omit<StartRequest, 'release'>,
  resolved: ResolvedRelease,
): DeploymentRequest {
  const { release, source } = resolved
  assertNotQuarantined(state, release.digest)
  const named = wish.label === undefined ? undefined : state.deploys[wish.label]
  if (named?.wanted === 'stopped' && named.release.digest === release.digest) {
    if (reusable && wish.role === undefined)
      return { release, label: named.label, reuse: true, endpoints: [], retires: [] }
  }
  return {
    release,
    source,
    label: chooseLabel(state, release, wish.label),
    ...(wish.role === undefined ? {} : { role: wish.role }),
    endpoints: [],
    retires: [],
  }
}

/** The request of `rollback`: the recorded binding again, on its own deploy where that is still whole. */
export function requestRollback(
  { state, table, reusable, archived }: Present,
  wish: Omit<RollbackRequest, 'app'>,
): DeploymentRequest {
  const current = currentBinding(state)
  const target = bindingToRestore(state, wish.to)
  if (current === undefined || target === undefined) throw nothingToRestore(state, wish.to)
  assertNotQuarantined(state, target.release.digest)
  for (const name of target.endpoints) assertUsable(state, table, name)
  const reuse = reusable && state.deploys[target.label] !== undefined
  if (!reuse && !archived) throw archiveGone(target)
  const rejected = current.release.digest
  return {
    release: target.release,
    label: reuse ? target.label : chooseLabel(state, target.release, undefined),
    ...(reuse ? { reuse } : {}),
    ...(target.role === undefined ? {} : { role: target.role }),
    endpoints: target.endpoints,
    contextHash: target.contextHash,
    ...(rejected === target.release.digest
      ? {}
      : { rejects: { digest: rejected, reason: wish.reason ?? 'rolled back' } }),
    retires: chooseRetired(state, table, target.endpoints).filter(
      (label) => label !== target.label,
    ),
  }
}

const longestLabel = 48

/** The label asked for, else `<name>-<version>`, with `-2`, `-3`, … while that is taken. */
export function chooseLabel(
  state: AppState,
  release: { readonly name: string; readonly version: string },
  wanted: string | undefined,
): string {
  if (wanted !== undefined) {
    assertLabel(wanted)
    if (state.deploys[wanted] === undefined) return wanted
    throw new AppError('label-exists', `a deploy labelled "${wanted}" already exists`, {
      hint: 'choose another label, or leave it out',
    })
  }
  const base = labelOf(release)
  let label = base
  for (let count = 2; state.deploys[label] !== undefined; count++) label = `${base}-${count}`
  return label
}

/** A version may have capitals and a `+`, and be longer than a label may. */
function labelOf({ name, version }: { readonly name: string; readonly version: string }): string {
  const text = `${name}-${version}`.toLowerCase().replaceAll('+', '-')
  return text.slice(0, longestLabel - '-999'.length)
}

/** A label becomes the name of a directory, and part of a socket's path. */
function assertLabel(label: string): void {
  if (isName(label, longestLabel)) return
  throw new AppError('usage', `${JSON.stringify(label)} cannot be a label`, {
    hint: `a label has lower-case letters, digits, ".", "_" and "-", at most ${longestLabel}`,
  })
}

/**
 * The endpoints wished for; else those the app is connected to; else those configured for the app alone; else the
 * host's only endpoint, if any app may have it and none has.
 */
export function chooseEndpoints(
  state: AppState,
  table: RouteTable,
  wished: readonly string[] | undefined,
): readonly string[] {
  const routes = Object.values(table.routes)
  if (wished !== undefined) {
    for (const name of wished) assertUsable(state, table, name)
    return [...new Set(wished)]
  }
  const connected = routes.filter(({ target }) => target?.app === state.app)
  const configured = routes.filter(
    ({ endpoint, target }) => endpoint.app === state.app && target === undefined,
  )
  const only =
    routes.length === 1
      ? routes.filter(({ endpoint, target }) => (target ?? endpoint.app) === undefined)
      : []
  const chosen = [connected, configured, only].find((candidates) => candidates.length > 0) ?? []
  return chosen.map(({ endpoint }) => endpoint.name).toSorted()
}

/** @throws AppError `not-found` or `endpoint-taken`. */
export function assertUsable(state: AppState, table: RouteTable, name: string): void {
  const { endpoint, target } = findRoute(table, name)
  const other = [endpoint.app, target?.app].find((app) => app !== undefined && app !== state.app)
  if (other === undefined) return
  throw new AppError(
    'endpoint-taken',
    `endpoint "${name}" belongs to ${other}, not to ${state.app}`,
    { hint: `change \`endpoints.${name}.app\` in sluice.yaml, or disconnect it first` },
  )
}

/** Deploys that serve nothing any more once the endpoints have moved, and so are stopped. */
export function chooseRetired(
  state: AppState,
  table: RouteTable,
  moving: readonly string[],
): string[] {
  const bound = currentBinding(state)?.label
  const serving = moving
    .map((name) => table.routes[name]?.target)
    .filter((target) => target?.app === state.app)
  const labels = new Set(
    [...serving.map((target) => target?.label), bound].filter((label) => label !== undefined),
  )
  return [...labels].filter((label) => {
    const stays = connectedEndpoints(table, state.app, label).some((name) => !moving.includes(name))
    return !stays && state.deploys[label]?.wanted === 'running'
  })
}

function assertNotQuarantined(state: AppState, digest: string): void {
  const entry = state.quarantine[digest]
  if (entry === undefined) return
  const when = new Date(entry.at).toISOString()
  throw new AppError(
    'quarantined',
    `${entry.name} ${entry.version} was rejected by ${entry.by} at ${when}: ${entry.reason}`,
    { hint: `\`sluice lift ${entry.name}@${entry.version}\` allows it again` },
  )
}

function archiveGone({ deployment, release: { name, version } }: Binding): AppError {
  return new AppError(
    'release-not-found',
    `the archive of ${name} ${version} (${deployment}) is no longer on this host`,
    { hint: `\`sluice deploy ${name}@${version}\` fetches it from the store again` },
  )
}

function nothingToRestore(state: AppState, to: string | undefined): AppError {
  const known = state.bindings.map((binding: Binding) => binding.deployment).slice(-5)
  const what =
    to === undefined
      ? `no earlier release of ${state.app} was committed here`
      : `no binding "${to}" of ${state.app}`
  return new AppError('nothing-to-roll-back', what, {
    hint: known.length === 0 ? 'deploy a release first' : `committed so far: ${known.join(', ')}`,
  })
}
