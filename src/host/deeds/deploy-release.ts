import type { DeployRequest, DeploymentResult, StartRequest } from '../../protocol/index.ts'
import { isReusable } from '../deploy/is-reusable.ts'
import { withSettledApp } from '../deploy/lock-app.ts'
import { requestDeploy, requestStart } from '../deploy/plan-request.ts'
import { assertServable } from '../deploy/preflight.ts'
import { resolveRelease } from '../deploy/resolve-release.ts'
import { runDeployment } from '../deploy/run-deployment.ts'
import { configuredRoutes, type Host } from '../host.ts'

/** Takes a release live: stage, start, prove, switch, bake, commit, drain, retire. */
export async function deployRelease(host: Host, wish: DeployRequest): Promise<DeploymentResult> {
  const resolved = await resolveRelease(host, wish.release)
  const { name, version } = resolved.release
  return await withSettledApp(host, name, `deploy ${name} ${version}`, async (app) => {
    const present = { state: app.state, table: configuredRoutes(host) }
    const request = requestDeploy(present, wish, resolved)
    assertServable(host, request, resolved.manifest)
    return await runDeployment(host, app, { kind: 'deploy', request })
  })
}

/** Stages and starts a release beside what serves, without giving it traffic. */
export async function startRelease(host: Host, wish: StartRequest): Promise<DeploymentResult> {
  const resolved = await resolveRelease(host, wish.release)
  const { name, version } = resolved.release
  return await withSettledApp(host, name, `start ${name} ${version}`, async (app) => {
    const present = { state: app.state, reusable: await isReusable(host, app.state, wish.label) }
    const request = requestStart(present, wish, resolved)
    assertServable(host, request, resolved.manifest)
    return await runDeployment(host, app, { kind: 'start', request })
  })
}
