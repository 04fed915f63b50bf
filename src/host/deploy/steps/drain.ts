import { known, type DeployStep } from '../deploy-context.ts'
import { waitUntilDrained } from '../wait-until-drained.ts'

/** Waits until the replaced deploys have answered what they were asked, or their drain time is over. */
export const drain: DeployStep = {
  name: 'drain',
  run: async (context) => {
    const { timeout } = known(context, 'manifest').drain
    return { detail: await waitUntilDrained(context, context.request.retires, timeout) }
  },
}
