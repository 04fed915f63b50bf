import { deployNames, endpointNames } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { deploymentResult } from '../render/deployment.ts'

export const connect = defineCommand({
  name: 'connect',
  group: 'Step by step',
  summary: 'switch an endpoint to a running deploy',
  description:
    'Counts only when the proxy reads the new generation back and a healthy answer comes through the endpoint; otherwise the endpoint goes back.',
  arguments: {
    endpoint: { summary: 'name of the endpoint in sluice.yaml', complete: endpointNames },
    deploy: { summary: '`LABEL`, or `APP/LABEL` when two apps have it', complete: deployNames },
  },
  options: {},
  examples: [{ line: 'connect main shop-1.4.2', meaning: 'Let `main` lead to shop-1.4.2.' }],
  async run(context, { endpoint, deploy }) {
    return deploymentResult(await (await context.host()).connectEndpoint({ endpoint, deploy }))
  },
})
