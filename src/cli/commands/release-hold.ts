import { result } from '../../terminal/index.ts'
import { appNames } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { given } from '../given.ts'
import { serverOptions } from '../server/server-options.ts'

export const releaseHold = defineCommand({
  name: 'release-hold',
  group: 'Deploy',
  summary: 'let the server work on an app again that a person has worked on',
  description:
    'Whoever deploys, rolls back, connects or stops something on the host itself holds the app there: the server leaves it alone until this.',
  arguments: {
    app: { summary: 'app, when there are several', optional: true, complete: appNames },
  },
  options: {
    agent: { value: 'NAME', summary: 'on this host of the control server instead of here' },
    ...serverOptions,
  },
  examples: [
    { line: 'release-hold shop', meaning: 'Bring shop to what the server wants again.' },
    { line: 'release-hold shop --agent web-1', meaning: 'The same, from anywhere.' },
  ],
  async run(context, { app, agent, ...values }) {
    if (agent !== undefined) {
      const { releaseHoldOnServer } = await import('../server/fleet-on-server.ts')
      const answer = await releaseHoldOnServer(context, values, { agent, app })
      return result(answer, ({ name, app: freed }) => `${freed} on ${name} is the server's again`)
    }
    const released = await (await context.host()).releaseHold(given({ app }))
    return result(released, ({ app: name, hold }) =>
      hold === undefined
        ? `${name} was not held`
        : `${name} is the server's again; ${hold.by} had held it since ${hold.deployment}`,
    )
  },
})
