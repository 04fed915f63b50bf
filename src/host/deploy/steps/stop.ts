import type { DeployStep } from '../deploy-context.ts'
import { stopRecorded } from '../stop-recorded.ts'

/** Stops the deploy that the deployment is about. */
export const stop: DeployStep = {
  name: 'stop',
  run: async (context) => {
    await stopRecorded(context, context.request.label)
    return { detail: context.request.label }
  },
}
