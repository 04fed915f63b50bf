import type { DeployStep } from '../deploy-context.ts'
import { disarm } from './arm-revert.ts'

/** Takes the revert timer back: the commit is the confirmation. */
export const disarmRevert: DeployStep = {
  name: 'disarm-revert',
  run: async (context) => {
    await disarm(context)
    return {}
  },
}
