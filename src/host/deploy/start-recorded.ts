import { join } from 'node:path'

import type { Host } from '../host.ts'
import { prepareSocketDirectory } from '../socket-directory.ts'
import type { DeployEntry } from '../state/app-state.ts'
import type { LockedApp } from '../state/locked-app.ts'
import { readDeployRecord } from './deploy-record.ts'
import { proveDeploy } from './prove-deploy.ts'
import { serviceSpec } from './service-spec.ts'

/** Starts a deploy that should run and proves it; one that runs already is only proved. */
export async function startRecorded(
  host: Host,
  { paths, state }: LockedApp,
  entry: DeployEntry,
  signal: AbortSignal,
): Promise<void> {
  const record = readDeployRecord(join(paths.deploys, entry.label))
  const spec = serviceSpec(host, state.app, entry, record)
  const driver = host.driver(entry.driver)
  prepareSocketDirectory(host, spec)
  await driver.start(spec, { clock: host.clock, signal })
  const { check } = record.manifest
  const name = `again-${state.app}-${entry.label}`
  if (check !== undefined) await proveDeploy(host, check, { spec, driver, name, signal })
}
