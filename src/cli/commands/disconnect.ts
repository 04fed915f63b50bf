import { endpointNames } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { deploymentResult } from '../render/deployment.ts'

export const disconnect = defineCommand({
  name: 'disconnect',
  group: 'Step by step',
  summary: 'take an endpoint off its deploy; visitors get 503',
  arguments: {
    endpoint: { summary: 'name of the endpoint in sluice.yaml', complete: endpointNames },
  },
  options: {},
  examples: [{ line: 'disconnect main', meaning: 'Answer 503 on `main`.' }],
  async run(context, { endpoint }) {
    return deploymentResult(await (await context.host()).disconnectEndpoint({ endpoint }))
  },
})
