import { join } from 'node:path'

import type { Host } from '../host.ts'
import { appPaths, socketDirectory } from '../layout.ts'
import { hasItsPort } from '../ports.ts'
import { isDirectory } from '../../system/index.ts'
import type { AppState, Binding, DeployEntry } from '../state/app-state.ts'
import { findDeployRecord, type DeployRecord } from './deploy-record.ts'
import { targetKind } from './deploy-target.ts'
import { findDrift } from './find-drift.ts'

/** What of an earlier binding is still here: its deploy as it ran, and the archive to make it from again. */
export async function findRemains(
  host: Host,
  state: AppState,
  binding: Binding | undefined,
): Promise<{ readonly reusable: boolean; readonly archived: boolean }> {
  if (binding === undefined) return { reusable: false, archived: false }
  const { releases } = appPaths(host.layout, state.app)
  return {
    reusable: await isReusable(host, state, binding.label),
    archived: isDirectory(join(releases, binding.release.digest)),
  }
}

/** Whether a stopped deploy could run as it lies there: complete, as it was staged, and able to listen where it did. */
export async function isReusable(
  host: Host,
  { app, deploys }: AppState,
  label: string | undefined,
): Promise<boolean> {
  const entry = label !== undefined && Object.hasOwn(deploys, label) ? deploys[label] : undefined
  if (entry === undefined) return false
  const directory = join(appPaths(host.layout, app).deploys, entry.label)
  const record = findDeployRecord(directory)
  if (record === undefined || !canListenAgain(host, entry, record)) return false
  return (await findDrift(directory, record)).length === 0
}

/** Its files were rendered for one port or socket: both must still be what this host would give it. */
function canListenAgain(host: Host, entry: DeployEntry, record: DeployRecord): boolean {
  if (targetKind(host.proxy, record.manifest.listen) === 'tcp')
    return entry.port !== undefined && hasItsPort(host, entry)
  const { name } = record.release
  return entry.socketDirectory === socketDirectory(host.layout, name, entry.label)
}
