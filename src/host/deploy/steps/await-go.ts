import { gateOf } from '../deployment-gate.ts'
import type { DeployStep } from '../deploy-context.ts'

/** Proved and without traffic, waits until every host is and the server says so: as long as that takes. */
export const awaitGo: DeployStep = {
  name: 'await-go',
  run: async (context) => {
    const { gate, gated } = gateOf(context)
    await gate.untilMayGo(gated, context.signal)
    return {}
  },
}
