import { result } from '../../terminal/index.ts'
import { deploymentIds } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { renderDetail } from '../render/history.ts'

export const show = defineCommand({
  name: 'show',
  group: 'Look',
  summary: 'show the journal of one deployment: its steps, its failure, its traffic',
  arguments: {
    deployment: { summary: 'id as in `sluice history`', complete: deploymentIds },
  },
  options: {},
  examples: [{ line: 'show 20261120-124348-k3f9', meaning: 'Everything about that deployment.' }],
  async run(context, { deployment }) {
    const host = await context.host()
    return result(host.showDeployment(deployment), renderDetail)
  },
})
