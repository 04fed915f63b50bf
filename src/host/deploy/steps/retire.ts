import type { DeployStep } from '../deploy-context.ts'
import { stopRecorded } from '../stop-recorded.ts'

/** Stops the deploys that were replaced; they stay on the disk for a rollback until they are pruned. */
export const retire: DeployStep = {
  name: 'retire',
  run: async (context) => {
    for (const label of context.request.retires) await stopRecorded(context, label)
    return { detail: context.request.retires.join(', ') || 'nothing to stop' }
  },
}
