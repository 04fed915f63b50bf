import { join } from 'node:path'

import type { ConnectRequest, DeploymentResult } from '../../protocol/index.ts'
import { AppError } from '../../errors/index.ts'
import { findRoute, type Target } from '../../proxy/index.ts'
import type { DeploymentRequest } from '../deploy/deploy-context.ts'
import { readDeployRecord } from '../deploy/deploy-record.ts'
import { withSettledApp } from '../deploy/lock-app.ts'
import { assertUsable } from '../deploy/plan-request.ts'
import { runDeployment } from '../deploy/run-deployment.ts'
import { configuredRoutes, type Host } from '../host.ts'
import type { DeployEntry } from '../state/app-state.ts'
import type { LockedApp } from '../state/locked-app.ts'
import { findDeploy } from './find-deploy.ts'

/** Moves an endpoint to a deploy that runs; the one it leaves stays warm until it is stopped. */
export async function connectEndpoint(host: Host, wish: ConnectRequest): Promise<DeploymentResult> {
  const { app: name, entry } = findDeploy(host, wish.deploy)
  const purpose = `connect ${wish.endpoint} ${entry.label}`
  return await withSettledApp(host, name, purpose, async (app) => {
    assertUsable(app.state, configuredRoutes(host), wish.endpoint)
    assertRuns(app, entry)
    const { release, role } = readDeployRecord(join(app.paths.deploys, entry.label))
    const request: DeploymentRequest = {
      release,
      label: entry.label,
      ...(role === undefined ? {} : { role }),
      endpoints: [wish.endpoint],
      retires: [],
    }
    return await runDeployment(host, app, { kind: 'connect', request })
  })
}

/** Takes an endpoint away from the deploy it is connected to; visitors get 503. */
export async function disconnectEndpoint(
  host: Host,
  wish: { readonly endpoint: string },
): Promise<DeploymentResult> {
  const { app: name } = findTarget(host, wish.endpoint)
  return await withSettledApp(host, name, `disconnect ${wish.endpoint}`, async (app) => {
    // Looked at again: it may have been moved while we waited for the lock.
    const target = findTarget(host, wish.endpoint)
    if (target.app !== name) throw takenMeanwhile(wish.endpoint, target)
    const release = app.state.deploys[target.label]?.release
    const about = release === undefined ? {} : { release }
    const request = { ...about, label: target.label, endpoints: [wish.endpoint], retires: [] }
    return await runDeployment(host, app, { kind: 'disconnect', request })
  })
}

function assertRuns({ state }: LockedApp, { label, release }: DeployEntry): void {
  if (state.deploys[label]?.wanted === 'running') return
  const { name, version } = release
  throw new AppError('not-found', `the deploy "${label}" does not run`, {
    hint: `\`sluice start ${name}@${version} --label ${label}\` starts it again`,
  })
}

function takenMeanwhile(endpoint: string, { app, label }: Target): AppError {
  return new AppError('endpoint-taken', `endpoint "${endpoint}" leads to ${app}/${label} by now`, {
    hint: `\`sluice disconnect ${endpoint}\` again, if that one is meant`,
  })
}

/** What an endpoint leads to. @throws AppError `not-found`. */
function findTarget({ routes }: Host, endpoint: string): Target {
  const { target } = findRoute(routes.load(), endpoint)
  if (target !== undefined) return target
  throw new AppError('not-found', `endpoint "${endpoint}" is not connected`, {
    hint: '`sluice endpoints` lists them',
  })
}
