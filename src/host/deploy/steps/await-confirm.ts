import { gateOf } from '../deployment-gate.ts'
import type { DeployContext, DeployStep } from '../deploy-context.ts'
import { revertMargin } from './arm-revert.ts'

/** Takes traffic, and waits for the server's commit; a host that hears nothing in time goes back by itself. */
export const awaitConfirm: DeployStep = {
  name: 'await-confirm',
  run: async (context) => {
    const { gate, gated } = gateOf(context)
    await gate.untilMayCommit(gated, { wait: timeLeft(context), signal: context.signal })
    return {}
  },
}

/** After a restart less than at first: the timer outside runs on, and half of its margin is for the way back. */
function timeLeft({ host: { settings, clock }, facts }: DeployContext): number {
  const { revertAt = Infinity } = facts
  const left = revertAt - revertMargin(settings) / 2 - clock.now()
  return Math.max(0, Math.min(settings.confirmWithin, left))
}
