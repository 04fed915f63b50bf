import { result } from '../../terminal/index.ts'
import { appNames } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { given } from '../given.ts'
import { renderStatus } from '../render/status.ts'

export const status = defineCommand({
  name: 'status',
  group: 'Look',
  summary: 'show what serves, what differs from what was deployed, and what is owed',
  arguments: {
    app: { summary: 'only this app', optional: true, complete: appNames },
  },
  options: {
    noProbe: { summary: 'do not ask the endpoints for an answer' },
    noDrift: { summary: 'do not compare files with what was staged' },
  },
  examples: [
    { line: 'status', meaning: 'Show the whole host.' },
    { line: 'status shop --json', meaning: 'Everything about one app as JSON.' },
  ],
  async run(context, { app, noProbe, noDrift }) {
    const host = await context.host()
    const options = { ...given({ app }), probe: !noProbe, drift: !noDrift }
    return result(await host.readHostStatus(options), renderStatus)
  },
})
