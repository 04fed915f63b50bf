import { AppError } from '../../errors/index.ts'
import type { DeploymentResult } from '../../protocol/index.ts'
import { connectedEndpoints } from '../deploy/deploy-target.ts'
import { withSettledApp } from '../deploy/lock-app.ts'
import { runDeployment } from '../deploy/run-deployment.ts'
import type { Host } from '../host.ts'
import { findDeploy } from './find-deploy.ts'

/** Stops a deploy that serves nothing. @throws AppError `deploy-connected`. */
export async function stopDeploy(
  host: Host,
  wish: { readonly deploy: string },
): Promise<DeploymentResult> {
  const { app: name, entry } = findDeploy(host, wish.deploy)
  return await withSettledApp(host, name, `stop ${entry.label}`, async (app) => {
    const [endpoint] = connectedEndpoints(host.routes.load(), name, entry.label)
    if (endpoint !== undefined) {
      throw new AppError(
        'deploy-connected',
        `the deploy "${entry.label}" serves endpoint "${endpoint}"`,
        {
          hint: `connect another deploy to it, or \`sluice disconnect ${endpoint}\``,
        },
      )
    }
    const request = { release: entry.release, label: entry.label, endpoints: [], retires: [] }
    return await runDeployment(host, app, { kind: 'stop', request })
  })
}
