import { join } from 'node:path'

import { lookUpUser } from '../../system/index.ts'
import type { ServiceSpec } from '../drivers/process-driver.ts'
import type { Host } from '../host.ts'
import { appPaths } from '../layout.ts'
import type { DeployEntry } from '../state/app-state.ts'
import type { DeployRecord } from './deploy-record.ts'

/** Everything needed to start, stop or look at a recorded deploy. */
export function serviceSpec(
  host: Host,
  app: string,
  entry: DeployEntry,
  record: DeployRecord,
): ServiceSpec {
  const paths = appPaths(host.layout, app)
  const { service, startCommand, stopCommand } = record.manifest
  const directory = join(paths.deploys, entry.label)
  return {
    app,
    label: entry.label,
    directory,
    command: service?.command ?? startCommand,
    stopCommand,
    env: deployEnvironment(host, app, entry, record),
    owner: host.settings.user === undefined ? undefined : lookUpUser(host.settings.user),
    port: entry.port,
    socket: socketPath(entry),
    stopSignal: service?.stopSignal ?? 'SIGTERM',
    grace: service?.grace ?? 10_000,
    logFile: join(paths.log, `${entry.label}.log`),
    logLimit: host.settings.logLimit,
  }
}

export function socketPath(entry: Pick<DeployEntry, 'socketDirectory'>): string | undefined {
  return entry.socketDirectory === undefined ? undefined : join(entry.socketDirectory, 'app.sock')
}

/** The whole environment of a release's process and commands: a fixed base, what the manifest sets, what sluice tells. */
function deployEnvironment(
  host: Host,
  app: string,
  entry: DeployEntry,
  record: Pick<DeployRecord, 'release' | 'manifest'>,
): Record<string, string> {
  const owner = host.settings.user === undefined ? undefined : lookUpUser(host.settings.user)
  const socket = socketPath(entry)
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
    HOME: owner?.home ?? join(appPaths(host.layout, app).deploys, entry.label),
    ...(owner === undefined ? {} : { USER: owner.user, LOGNAME: owner.user }),
    ...record.manifest.service?.env,
    SLUICE_APP: app,
    SLUICE_LABEL: entry.label,
    SLUICE_VERSION: record.release.version,
    SLUICE_RELEASE: record.release.digest,
    ...(entry.port === undefined ? {} : { PORT: String(entry.port) }),
    ...(socket === undefined ? {} : { SLUICE_SOCKET: socket }),
  }
}
