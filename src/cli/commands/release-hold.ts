import { result } from '../../terminal/index.ts'
import { appNames } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { given } from '../given.ts'

export const releaseHold = defineCommand({
  name: 'release-hold',
  group: 'Deploy',
  summary: 'let the server work on an app again that a person has worked on',
  description:
    'Whoever deploys, rolls back, connects or stops something on the host itself holds the app there: the server leaves it alone until this.',
  arguments: {
    app: { summary: 'app, when there are several', optional: true, complete: appNames },
  },
  options: {},
  examples: [{ line: 'release-hold shop', meaning: 'Bring shop to what the server wants again.' }],
  async run(context, { app }) {
    const released = await (await context.host()).releaseHold(given({ app }))
    return result(released, ({ app: name, hold }) =>
      hold === undefined
        ? `${name} was not held`
        : `${name} is the server's again; ${hold.by} had held it since ${hold.deployment}`,
    )
  },
})
