import { prepareSocketDirectory } from '../../socket-directory.ts'
import { changeDeploy } from '../../state/app-state.ts'
import type { DeployContext, DeployStep } from '../deploy-context.ts'
import { ownEntry, ownService } from '../own-deploy.ts'
import { waitUntilDrained } from '../wait-until-drained.ts'

/** Starts the new deploy beside whatever serves now. */
export const start: DeployStep = {
  name: 'start',
  run: async (context) => {
    const { host, app, request, signal } = context
    app.update((state) => changeDeploy(state, request.label, { wanted: 'running' }))
    const entry = ownEntry(context)
    prepareSocketDirectory(host, ownService(context))
    await host.driver(entry.driver).start(ownService(context), { clock: host.clock, signal })
    return { detail: `by the ${entry.driver} driver` }
  },
  undo: async (context) => {
    const { host, app, request, signal } = context
    if (context.facts.wasRunning === true) return
    const entry = ownEntry(context)
    // It may have served between the switch and the way back.
    if (request.endpoints.length > 0)
      await waitUntilDrained(context, [request.label], drainTimeout(context))
    await host.driver(entry.driver).stop(ownService(context), { clock: host.clock, signal })
    app.update((state) => changeDeploy(state, request.label, { wanted: 'stopped' }))
  },
}

function drainTimeout({ facts }: DeployContext): number {
  return facts.manifest?.drain.timeout ?? 0
}
