import { result } from '../../terminal/index.ts'
import { deploymentIds } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { renderDetail } from '../render/history.ts'
import { serverOptions } from '../server/server-options.ts'

export const show = defineCommand({
  name: 'show',
  group: 'Look',
  summary: 'show the journal of one deployment: its steps, its failure, its traffic',
  arguments: {
    deployment: {
      summary: 'id as in `sluice history` or `sluice deployments`, or of what a raise started',
      complete: deploymentIds,
    },
  },
  options: serverOptions,
  examples: [{ line: 'show 20261120-124348-k3f9', meaning: 'Everything about that deployment.' }],
  async run(context, { deployment, ...values }) {
    const { isRunId, readRunsOfServer } = await import('../server/runs-on-server.ts')
    if (isRunId(deployment)) {
      const { renderRuns } = await import('../render/fleet.ts')
      return result(await readRunsOfServer(context, values, deployment), renderRuns)
    }
    const { isServerId, showOnServer } = await import('../server/deployments-on-server.ts')
    if (isServerId(deployment)) {
      const { renderFleetDeployment } = await import('../render/fleet.ts')
      return result(await showOnServer(context, values, deployment), renderFleetDeployment)
    }
    const host = await context.host()
    return result(host.showDeployment(deployment), renderDetail)
  },
})
