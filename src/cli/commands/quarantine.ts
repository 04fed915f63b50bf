import { result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import { serverOptions } from '../server/server-options.ts'

export const quarantine = defineCommand({
  name: 'quarantine',
  group: 'Deploy',
  summary: 'reject a release on every host of the control server',
  description:
    'A deployment of it that is not committed yet goes back everywhere; hosts that have it keep it. `sluice lift` allows it again.',
  arguments: { release: { summary: '`name@version`' } },
  options: {
    ...serverOptions,
    reason: { value: 'TEXT', summary: 'why; kept with your name and told to every host' },
  },
  examples: [
    { line: 'quarantine shop@1.4.2 --reason "it loses orders"', meaning: 'Nobody begins 1.4.2.' },
  ],
  async run(context, { release, reason = '', ...values }) {
    const { quarantineOnServer } = await import('../server/fleet-on-server.ts')
    const rejected = await quarantineOnServer(context, values, { release, reason })
    return result(rejected, ({ app, version }) => `${app} ${version} is rejected on every host`)
  },
})

export const rejected = defineCommand({
  name: 'rejected',
  group: 'Look',
  summary: 'list the releases that no host of the control server may begin',
  arguments: {},
  options: serverOptions,
  examples: [{ line: 'rejected', meaning: 'Which, by whom and why.' }],
  async run(context, values) {
    const { listRejectedOfServer } = await import('../server/fleet-on-server.ts')
    const { renderRejected } = await import('../render/fleet.ts')
    return result(await listRejectedOfServer(context, values), renderRejected)
  },
})
