import { AppError } from '../../errors/index.ts'
import type { ServiceSpec } from '../drivers/process-driver.ts'
import type { DeployEntry } from '../state/app-state.ts'
import { deployDirectory, type DeployContext } from './deploy-context.ts'
import { readDeployRecord } from './deploy-record.ts'
import { serviceSpec } from './service-spec.ts'

/** The recorded entry of the deploy that this deployment is about. */
export function ownEntry({ app, request }: DeployContext): DeployEntry {
  const entry = app.state.deploys[request.label]
  if (entry !== undefined) return entry
  throw new AppError('not-found', `no deploy is labelled "${request.label}"`, {
    hint: '`sluice status` lists the deploys of this host',
  })
}

export function ownService(context: DeployContext): ServiceSpec {
  const record = readDeployRecord(deployDirectory(context))
  return serviceSpec(context.host, context.app.state.app, ownEntry(context), record)
}
