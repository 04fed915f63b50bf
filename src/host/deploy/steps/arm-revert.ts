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
    const delay = settings.bake.for + confirmTime(context)
    const revertAt = host.clock.now() + delay
    await host.timers.arm({
      app: context.app.state.app,
      deployment: context.deployment,
      deadline: revertAt,
      command: revertCommand(context),
    })
    return {
      facts: {
        previous: currentTargets(context),
        ...(request.gated === undefined ? {} : { revertAt }),
      },
      detail: `in ${Math.round(delay / 1000)} s`,
    }
  },
  undo: disarm,
}

/**
 * Milliseconds, from when the timer is set, that the bake may be followed by. A gated deployment waits that long for its
 * word and goes back by itself; the timer leaves it time for the switch before and the way back after.
 */
function confirmTime({ host: { settings }, request }: DeployContext): number {
  return settings.confirmWithin + (request.gated === undefined ? 0 : revertMargin(settings))
}

/** Milliseconds between the end of the wait for a word and the timer. */
export function revertMargin({ confirmWithin }: { readonly confirmWithin: number }): number {
  return confirmWithin / 2
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
