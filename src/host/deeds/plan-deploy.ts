import { join } from 'node:path'

import type { DeployRequest, HostPlan, RollbackRequest } from '../../protocol/index.ts'
import { manifestForRole, type Manifest } from '../../release/index.ts'
import type { DeploymentOrder } from '../deploy/deploy-context.ts'
import { findDeployRecord } from '../deploy/deploy-record.ts'
import { findRemains } from '../deploy/is-reusable.ts'
import { planDeployment } from '../deploy/plan-deployment.ts'
import { requestDeploy, requestRollback } from '../deploy/plan-request.ts'
import { assertServable } from '../deploy/preflight.ts'
import { resolveRelease } from '../deploy/resolve-release.ts'
import { chooseDriver } from '../drivers/choose-driver.ts'
import { configuredRoutes, type Host } from '../host.ts'
import { appPaths } from '../layout.ts'
import { bindingToRestore, type AppState } from '../state/app-state.ts'
import { readAppState } from '../state/locked-app.ts'
import { chooseApp } from './choose-app.ts'

/** What `deployRelease` would do now; takes no lock and changes nothing. */
export async function planDeploy(host: Host, wish: DeployRequest): Promise<HostPlan> {
  const resolved = await resolveRelease(host, wish.release)
  const state = readAppState(host.layout, resolved.release.name)
  const request = requestDeploy({ state, table: configuredRoutes(host) }, wish, resolved)
  assertServable(host, request, resolved.manifest)
  const manifest =
    resolved.manifest === undefined ? undefined : manifestForRole(resolved.manifest, wish.role)
  return planOn(host, state, { kind: 'deploy', request }, manifest)
}

/** What `rollBack` would do now. */
export async function planRollBack(host: Host, wish: RollbackRequest): Promise<HostPlan> {
  const app = chooseApp(host, wish.app)
  const state = readAppState(host.layout, app)
  const remains = await findRemains(host, state, bindingToRestore(state, wish.to))
  const request = requestRollback({ state, table: configuredRoutes(host), ...remains }, wish)
  const directory = join(appPaths(host.layout, app).deploys, request.label)
  const manifest = findDeployRecord(directory)?.manifest
  return planOn(host, state, { kind: 'rollback', request }, manifest)
}

function planOn(
  host: Host,
  state: AppState,
  order: DeploymentOrder,
  manifest: Manifest | undefined,
): HostPlan {
  return planDeployment(order, manifest, {
    state,
    table: configuredRoutes(host),
    mode: host.proxy.mode,
    driver: (hasService) => chooseDriver(hasService, { service: host.settings.driver }),
  })
}
