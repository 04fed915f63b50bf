import { createHash } from 'node:crypto'

import type { DeploymentKind, HostPlan } from '../../protocol/index.ts'
import type { Manifest } from '../../release/index.ts'
import type { ProxyDriver, RouteTable } from '../../proxy/index.ts'
import { currentBinding, type AppState } from '../state/app-state.ts'
import type { DeploymentOrder, DeploymentRequest } from './deploy-context.ts'
import { renderedPath } from './render-templates.ts'
import { stepsOf } from './step-lists.ts'

/** What of the host a plan shows. */
export interface PlanGround {
  readonly state: AppState
  readonly table: RouteTable
  readonly mode: ProxyDriver['mode']
  /** Name of the driver for a release with a `service`, or without. */
  readonly driver: (hasService: boolean) => string
}

/** What a deployment would do, as data; `manifest` is undefined while the archive is still in its store. */
export function planDeployment(
  { kind, request }: DeploymentOrder,
  manifest: Manifest | undefined,
  { state, table, mode, driver }: PlanGround,
): HostPlan {
  const { release = { name: state.app, version: '', digest: '' } } = request
  const bound = currentBinding(state)
  const plan = {
    kind,
    app: state.app,
    release,
    replaces: bound === undefined ? undefined : { ...bound.release, label: bound.label },
    label: request.label,
    driver:
      manifest === undefined ? 'known after download' : driver(manifest.service !== undefined),
    endpoints: request.endpoints.map((name) => ({
      name,
      from: table.routes[name]?.target?.label,
      mode,
    })),
    steps: planSteps({ kind, request }, manifest),
    renders: manifest?.templates.map(renderedPath) ?? [],
    warnings: planWarnings(kind, request, manifest),
  }
  return { ...plan, hash: createHash('sha256').update(JSON.stringify(plan)).digest('hex') }
}

function planSteps(order: DeploymentOrder, manifest: Manifest | undefined): HostPlan['steps'] {
  const { before, after } = stepsOf(order)
  return [...before, ...after].map(({ name }) => ({
    name,
    note: noteOf(name, order.request, manifest),
    pointOfNoReturn:
      name === 'migrate' &&
      manifest?.migrate !== undefined &&
      manifest.migrate.undoCommand === undefined,
  }))
}

function noteOf(step: string, request: DeploymentRequest, manifest: Manifest | undefined): string {
  switch (step) {
    case 'fetch':
      return request.reuse
        ? 'already on this host'
        : (request.source?.name ?? 'from the kept archive')
    case 'render':
      return manifest === undefined ? '' : `${manifest.templates.length} templates`
    case 'migrate':
      return manifest?.migrate?.command ?? 'none'
    case 'prestart':
      return manifest?.prestartCommand || 'none'
    case 'start':
      return manifest?.service?.command ?? manifest?.startCommand ?? ''
    case 'prove':
      return describeCheck(manifest)
    case 'switch':
      return request.endpoints.join(', ') || 'no endpoint'
    case 'after-switch':
      return manifest?.hooks.afterSwitch?.command ?? 'none'
    case 'retire':
      return request.retires.join(', ') || 'nothing to stop'
    default:
      return ''
  }
}

function describeCheck(manifest: Manifest | undefined): string {
  if (manifest === undefined) return ''
  const { check } = manifest
  if (check === undefined) return 'no check: the deploy will not be proved'
  const what = check.type === 'http' ? `http ${check.path}` : check.type
  return `${what}, ${check.successes} successes within ${check.within / 1000} s`
}

function planWarnings(
  kind: DeploymentKind,
  request: DeploymentRequest,
  manifest: Manifest | undefined,
): string[] {
  const warnings: string[] = []
  if (manifest !== undefined && manifest.check === undefined)
    warnings.push('the release has no check: sluice cannot prove that it works')
  if (kind === 'deploy' && request.endpoints.length === 0)
    warnings.push('no endpoint will be connected')
  if (manifest?.migrate !== undefined && manifest.migrate.undoCommand === undefined) {
    warnings.push(
      'the migration cannot be undone: behind it a failure leaves the new schema with the old release',
    )
  }
  return warnings
}
