import { deploymentIds } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { given } from '../given.ts'
import { deploymentResult } from '../render/deployment.ts'

export const resume = defineCommand({
  name: 'resume',
  group: 'Deploy',
  summary: 'finish or undo a deployment that was interrupted',
  arguments: {
    deployment: {
      summary: 'its id, when several are unfinished',
      optional: true,
      complete: deploymentIds,
    },
  },
  options: {},
  examples: [{ line: 'resume', meaning: 'Bring the unfinished deployment to its end.' }],
  async run(context, { deployment }) {
    return deploymentResult(await (await context.host()).resumeDeployment(given({ deployment })))
  },
})
