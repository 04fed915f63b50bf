import { result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import { renderEndpoints } from '../render/status.ts'

export const endpoints = defineCommand({
  name: 'endpoints',
  group: 'Look',
  summary: 'show the endpoints, where they lead and how they answer',
  arguments: {},
  options: {
    noProbe: { summary: 'do not ask the endpoints for an answer' },
  },
  examples: [{ line: 'endpoints', meaning: 'Ask every endpoint and show its answer.' }],
  async run(context, { noProbe }) {
    const host = await context.host()
    const status = await host.readHostStatus({ probe: !noProbe, drift: false })
    return result(status.endpoints, renderEndpoints)
  },
})
