import { result } from '../../terminal/index.ts'
import { appNames, deploymentIds } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { given } from '../given.ts'
import { deploymentResult } from '../render/deployment.ts'
import { renderPlan } from '../render/plan.ts'

export const rollback = defineCommand({
  name: 'rollback',
  group: 'Deploy',
  summary: 'go back to an earlier binding: archive, configuration and endpoints',
  description:
    'A rollback is a deploy like any other. The release that is left is quarantined until `sluice lift`.',
  arguments: {
    app: { summary: 'app, when the host has several', optional: true, complete: appNames },
  },
  options: {
    to: {
      value: 'DEPLOYMENT',
      summary: 'deployment to go back to; the last one of another archive unless given',
      complete: deploymentIds,
    },
    reason: { value: 'TEXT', summary: 'why, for the history and the rejection' },
    dryRun: { short: 'n', summary: 'print the plan and its hash, change nothing' },
  },
  examples: [
    { line: 'rollback --reason "carts are empty"', meaning: 'Go back to what served before.' },
    { line: 'rollback shop --dry-run', meaning: 'Show where a rollback would lead.' },
  ],
  async run(context, { app, to, reason, dryRun }) {
    const request = given({ app, to, reason })
    const host = await context.host()
    if (dryRun) return result(await host.planRollBack(request), renderPlan)
    return deploymentResult(await host.rollBack(request))
  },
})
