import { result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import { readWholeNumber } from '../read-number.ts'
import { serverOptions } from '../server/server-options.ts'

export const deployments = defineCommand({
  name: 'deployments',
  group: 'Look',
  summary: 'list the deployments of the control server, newest first',
  arguments: { app: { summary: 'only this app', optional: true } },
  options: {
    ...serverOptions,
    limit: {
      short: 'n',
      value: 'NUMBER',
      summary: 'at most so many; 20 unless given',
      parse: readWholeNumber,
    },
  },
  examples: [{ line: 'deployments shop', meaning: 'What was brought where, by whom.' }],
  async run(context, { app, limit = 20, ...values }) {
    const { listOnServer } = await import('../server/deployments-on-server.ts')
    const { renderDeployments } = await import('../render/fleet.ts')
    return result(await listOnServer(context, values, { app, limit }), renderDeployments)
  },
})

export const cancel = defineCommand({
  name: 'cancel',
  group: 'Deploy',
  summary: 'call off a deployment of the control server before its commit',
  arguments: { deployment: { summary: 'id as in `sluice deployments`' } },
  options: {
    ...serverOptions,
    reason: { value: 'TEXT', summary: 'why; kept with the deployment' },
  },
  examples: [
    {
      line: 'cancel d-3f9k2m5q7x2w4z6a --reason "wrong release"',
      meaning: 'All hosts go back to what they had.',
    },
  ],
  async run(context, { deployment, reason = '', ...values }) {
    const { cancelOnServer } = await import('../server/deployments-on-server.ts')
    const cancelled = await cancelOnServer(context, values, { id: deployment, reason })
    return result(cancelled, ({ id, state }) => `deployment ${id} is ${state}`)
  },
})
