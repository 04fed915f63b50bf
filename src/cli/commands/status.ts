import { result } from '../../terminal/index.ts'
import { appNames } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { given } from '../given.ts'
import { renderStatus } from '../render/status.ts'
import { meansServer } from '../server/choose-server.ts'
import { serverOptions } from '../server/server-options.ts'

export const status = defineCommand({
  name: 'status',
  group: 'Look',
  summary: 'show what serves, what differs from what was deployed, and what is owed',
  description:
    'With a control server it shows what is desired of every host beside how it stands: owed, held, drifted, and when it was last seen.',
  arguments: {
    app: { summary: 'only this app', optional: true, complete: appNames },
  },
  options: {
    noProbe: { summary: 'do not ask the endpoints for an answer' },
    ...serverOptions,
    noDrift: { summary: 'do not compare files with what was staged' },
  },
  examples: [
    { line: 'status', meaning: 'Show the whole host.' },
    { line: 'status --server https://ctl:7780', meaning: 'Show all hosts of a control server.' },
    { line: 'status shop --json', meaning: 'Everything about one app as JSON.' },
  ],
  async run(context, { app, noProbe, noDrift, ...values }) {
    if (meansServer({ ...values, store: undefined }, context.io.environment)) {
      const { readFleet } = await import('../server/fleet-on-server.ts')
      const { renderFleet } = await import('../render/fleet.ts')
      return result(await readFleet(context, values, app), renderFleet)
    }
    const host = await context.host()
    const options = { ...given({ app }), probe: !noProbe, drift: !noDrift }
    return result(await host.readHostStatus(options), renderStatus)
  },
})
