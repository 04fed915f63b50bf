import { AppError } from '../../../errors/index.ts'
import type { DeployContext, DeployStep } from '../deploy-context.ts'
import { ownEntry, ownService } from '../own-deploy.ts'
import { probeRoute } from '../probe-route.ts'

/** Watches the new deploy through its endpoints for a while; too many failures, or its end, switch back. */
export const bake: DeployStep = {
  name: 'bake',
  run: async (context) => {
    const { host, request, signal } = context
    const { for: length, failures: allowed, interval } = host.settings.bake
    if (request.endpoints.length === 0) return { detail: 'no endpoint' }
    const failures: string[] = []
    const end = host.clock.monotonic() + length
    while (host.clock.monotonic() < end) {
      await assertStillRunning(context)
      for (const endpoint of request.endpoints)
        failures.push(...(await probeOnce(context, endpoint)))
      if (failures.length >= allowed) throw baked(failures)
      await host.clock.sleep(Math.min(interval, length), signal)
    }
    return { detail: failures.length === 0 ? 'no failure' : `${failures.length} failures` }
  },
}

async function probeOnce(context: DeployContext, endpoint: string): Promise<string[]> {
  const { status } = await probeRoute(context, endpoint)
  if (status !== undefined && status < 500) return []
  return [`${endpoint} answered ${status ?? 'nothing'}`]
}

async function assertStillRunning(context: DeployContext): Promise<void> {
  const { host } = context
  const observed = await host.driver(ownEntry(context).driver).observe(ownService(context))
  if (observed.state === 'stopped' || observed.state === 'failing') {
    throw new AppError('bake-failed', `the new deploy is ${observed.state} after the switch`, {
      hint: `see \`sluice logs ${context.request.label}\``,
    })
  }
}

function baked(failures: readonly string[]): AppError {
  return new AppError(
    'bake-failed',
    `${failures.length} failed requests after the switch: ${failures.at(-1)}`,
    {
      hint: 'the endpoint went back to the deploy that served before',
    },
  )
}
