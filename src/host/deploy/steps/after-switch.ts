import { known, type DeployStep } from '../deploy-context.ts'
import { runReleaseCommand } from '../release-command.ts'

/** Runs the release's afterSwitch hook, once its endpoints lead to it for good. */
export const afterSwitch: DeployStep = {
  name: 'after-switch',
  run: async (context) => {
    const hook = known(context, 'manifest').hooks.afterSwitch
    if (hook === undefined || context.request.endpoints.length === 0) return { detail: 'none' }
    await runReleaseCommand(context, { step: 'after-switch', ...hook })
    return {}
  },
}
