import type { DeploymentResult } from '../../protocol/index.ts'
import type { Host } from '../host.ts'
import { withLockedApp, type LockedApp } from '../state/locked-app.ts'
import { continueDeployment } from './run-deployment.ts'

/**
 * Works on a locked app. What an earlier run left unfinished is settled first: what was committed goes forward to
 * its end, all else is taken back, so that the work starts from all old or all new. The work is told how that ended.
 */
export async function withSettledApp<Result>(
  host: Host,
  name: string,
  purpose: string,
  work: (app: LockedApp, settled: DeploymentResult | undefined) => Promise<Result>,
): Promise<Result> {
  const { layout, clock, wait, signal } = host
  return await withLockedApp(layout, name, { purpose, clock, wait, signal }, async (app) => {
    return await work(app, await settleUnfinished(host, app))
  })
}

async function settleUnfinished(host: Host, app: LockedApp): Promise<DeploymentResult | undefined> {
  const { unfinished } = app.state
  if (unfinished === undefined) return undefined
  const text = `deployment ${unfinished} was interrupted; it is settled first`
  host.report({ type: 'notice', level: 'warning', text })
  return await continueDeployment(host, app, 'back')
}
