import { result } from '../../terminal/index.ts'
import { appNames, quarantinedNames } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { given } from '../given.ts'
import { meansServer } from '../server/choose-server.ts'
import { serverOptions } from '../server/server-options.ts'

export const lift = defineCommand({
  name: 'lift',
  group: 'Deploy',
  summary: 'allow a rejected release again',
  arguments: {
    release: { summary: '`name@version` or `sha256:…`', complete: quarantinedNames },
  },
  options: {
    app: { value: 'APP', summary: 'app, when several have it', complete: appNames },
    ...serverOptions,
    reason: { value: 'TEXT', summary: 'why it may be deployed again; kept with your name' },
  },
  examples: [
    { line: 'lift shop@1.4.2 --reason "the database was at fault"', meaning: 'Allow 1.4.2 again.' },
  ],
  async run(context, { release, app, reason = '', ...values }) {
    if (meansServer({ ...values, store: undefined }, context.io.environment)) {
      const { liftOnServer } = await import('../server/fleet-on-server.ts')
      const lifted = await liftOnServer(context, values, { release, reason })
      return result(lifted, () => `${release} may be deployed to every host again`)
    }
    const host = await context.host()
    const answer = await host.liftQuarantine({ release, reason, ...given({ app }) })
    return result(answer, (lifted) => `${release} may be deployed to ${lifted.app} again`)
  },
})
