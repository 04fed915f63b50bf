import { ownCommand } from '../../../system/index.ts'
import { configuredRoutes } from '../../host.ts'
import type { DeployContext, DeployStep } from '../deploy-context.ts'

/**
 * Notes what every endpoint serves now and sets a timer outside this process: if nobody commits in time, the host
 * goes back by itself.
 */
export const armRevert: DeployStep = {
  name: 'arm-revert',
  run: async (context) => {
    const { host, request } = context
    if (request.endpoints.length === 0) return { detail: 'no endpoint' }
    const { settings } = host
    // A proxy that cannot start is told here, where nothing has moved yet.
    await host.proxy.ensureRunning(configuredRoutes(host))
    const delay = settings.confirmWithin + settings.bake.for
    await host.timers.arm({
      app: context.app.state.app,
      deployment: context.deployment,
      deadline: host.clock.now() + delay,
      command: revertCommand(context),
    })
    return {
      facts: { previous: currentTargets(context) },
      detail: `in ${Math.round(delay / 1000)} s`,
    }
  },
  undo: disarm,
}

/** Takes the timer back; success when there is none. */
export async function disarm({ host, app, deployment }: DeployContext): Promise<void> {
  await host.timers.disarm(app.state.app, deployment)
}

function currentTargets({ host: { routes }, request }: DeployContext): object[] {
  const table = routes.load()
  return request.endpoints.map((endpoint) => {
    const target = table.routes[endpoint]?.target
    return target === undefined ? { endpoint } : { endpoint, app: target.app, label: target.label }
  })
}

function revertCommand({ host: { settings }, app, deployment }: DeployContext): string[] {
  const words = ['host', 'revert', '--app', app.state.app, '--deployment', deployment]
  return [...ownCommand(), '--config', settings.file, ...words]
}
