import { deployNames } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { deploymentResult } from '../render/deployment.ts'

export const stop = defineCommand({
  name: 'stop',
  group: 'Step by step',
  summary: 'stop a deploy that serves no endpoint',
  arguments: {
    deploy: { summary: '`LABEL`, or `APP/LABEL` when two apps have it', complete: deployNames },
  },
  options: {},
  examples: [{ line: 'stop shop-1.4.1', meaning: 'Drain and stop that deploy.' }],
  async run(context, { deploy }) {
    return deploymentResult(await (await context.host()).stopDeploy({ deploy }))
  },
})
