import type { DeploymentResult, RollbackRequest } from '../../protocol/index.ts'
import { findRemains } from '../deploy/is-reusable.ts'
import { withSettledApp } from '../deploy/lock-app.ts'
import { requestRollback } from '../deploy/plan-request.ts'
import { runDeployment } from '../deploy/run-deployment.ts'
import { configuredRoutes, type Host } from '../host.ts'
import { bindingToRestore } from '../state/app-state.ts'
import { chooseApp } from './choose-app.ts'

/** Goes back to an earlier binding by the same steps as a deploy, and rejects the archive it leaves. */
export async function rollBack(host: Host, wish: RollbackRequest): Promise<DeploymentResult> {
  const name = chooseApp(host, wish.app)
  return await withSettledApp(host, name, `roll back ${name}`, async (app, settled) => {
    // The same words again after a crash ask for the way back that was begun, not for one more behind it.
    const isDone = settled?.kind === 'rollback' && settled.outcome === 'succeeded'
    if (isDone && wish.to === undefined) return settled
    const { state } = app
    const remains = await findRemains(host, state, bindingToRestore(state, wish.to))
    const request = requestRollback({ state, table: configuredRoutes(host), ...remains }, wish)
    return await runDeployment(host, app, { kind: 'rollback', request })
  })
}
