import {
  switchEndpoint,
  type EndpointChange,
  type RouteTable,
  type Target,
} from '../../../proxy/index.ts'
import { AppError } from '../../../errors/index.ts'
import { followSettings, switchContext } from '../../host.ts'
import { targetOf } from '../deploy-target.ts'
import type { DeployContext, DeployStep } from '../deploy-context.ts'
import { ownEntry } from '../own-deploy.ts'
import { startRecorded } from '../start-recorded.ts'

/** Moves the endpoints to the new deploy; counts only when a probe reads it back and gets a healthy answer. */
export const switchEndpoints: DeployStep = {
  name: 'switch',
  run: async (context) => {
    const { request } = context
    if (request.endpoints.length === 0) return { detail: 'no endpoint' }
    const target = targetOf(context.app.state.app, ownEntry(context))
    context.traffic?.mark('during')
    await move(
      context,
      request.endpoints.map((endpoint) => ({ endpoint, target })),
    )
    context.traffic?.mark('after')
    return { detail: request.endpoints.join(', ') }
  },
  undo: connectBack,
}

/** Takes the endpoints away from whatever serves them. */
export const disconnectEndpoints: DeployStep = {
  name: 'disconnect',
  run: async (context) => {
    const { endpoints } = context.request
    const { app } = context.app.state
    const { routes } = await move(
      context,
      endpoints.map((endpoint) => ({ endpoint, target: undefined, unlessTakenFrom: app })),
    )
    const gone = endpoints.filter((name) => routes[name]?.target === undefined)
    return { detail: gone.join(', ') || 'no endpoint' }
  },
  undo: connectBack,
}

/**
 * Gives every endpoint back to what it served before, as the step that armed the revert noted it. One that another app
 * took between our plan and our switch was never ours to give or take.
 */
async function connectBack(context: DeployContext): Promise<void> {
  const { previous = [] } = context.facts
  if (previous.length === 0) return
  context.traffic?.mark('during')
  const { app } = context.app.state
  const changes: EndpointChange[] = []
  for (const before of previous) {
    if (isOfAnotherApp(context, before.endpoint)) continue
    const target = await earlierTarget(context, before)
    changes.push({ endpoint: before.endpoint, target, unlessTakenFrom: app })
  }
  await move(context, changes)
}

/** Asked before a deploy is started for it; the switch asks again under its lock. */
function isOfAnotherApp({ host, app }: DeployContext, endpoint: string): boolean {
  const target = host.routes.load().routes[endpoint]?.target
  return target !== undefined && target.app !== app.state.app
}

async function move(
  { host, facts, signal }: DeployContext,
  changes: readonly EndpointChange[],
): Promise<RouteTable> {
  const check = facts.manifest?.check
  const context = switchContext(host, signal, check?.type === 'http' ? check.path : '/')
  return await switchEndpoint(context, changes, followSettings(host))
}

/** What served before; it was kept running, but the machine may have gone down with it. */
async function earlierTarget(
  context: DeployContext,
  { label }: { readonly label?: string },
): Promise<Target | undefined> {
  if (label === undefined) return undefined
  const { host, app, signal } = context
  const entry = app.state.deploys[label]
  const target = entry === undefined ? undefined : targetOf(app.state.app, entry)
  if (entry === undefined || target === undefined) {
    throw new AppError(
      'undo-failed',
      `the deploy "${label}" that served before is no longer known`,
      { hint: '`sluice status` shows what there is; `sluice connect` gives it the endpoint' },
    )
  }
  await startRecorded(host, app, entry, signal)
  return target
}
