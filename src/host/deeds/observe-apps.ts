import { join } from 'node:path'

import type { ObservedApp } from '../../protocol/index.ts'
import { findDeployRecord } from '../deploy/deploy-record.ts'
import { findDrift } from '../deploy/find-drift.ts'
import type { Host } from '../host.ts'
import { appPaths } from '../layout.ts'
import { currentBinding, type AppState } from '../state/app-state.ts'
import { listApps, readAppState } from '../state/locked-app.ts'

/** Files named as drifted; a tree that was replaced would name thousands. */
const mostDrifted = 50

/**
 * How every app stands, for a server. Reads every file of what is current, unless `known` has the drift of that very
 * deploy.
 */
export async function observeApps(
  host: Host,
  known: readonly ObservedApp[] = [],
): Promise<ObservedApp[]> {
  const apps: ObservedApp[] = []
  for (const app of listApps(host.layout)) apps.push(await observeApp(host, app, known))
  return apps
}

async function observeApp(
  host: Host,
  app: string,
  known: readonly ObservedApp[],
): Promise<ObservedApp> {
  const state = readAppState(host.layout, app)
  const { managed, hold, quarantine } = state
  const current = describeCurrent(state)
  const before = known.find((candidate) => candidate.app === app)
  const isSame = before?.current?.deployment === current?.deployment
  return {
    app,
    generation: managed?.generation ?? 0,
    ...(current === undefined ? {} : { current }),
    drifted: isSame && before !== undefined ? before.drifted : await findDrifted(host, state),
    ...(hold === undefined ? {} : { hold }),
    rejected: Object.keys(quarantine).toSorted(),
  }
}

function describeCurrent(state: AppState): ObservedApp['current'] {
  const binding = currentBinding(state)
  if (binding === undefined) return undefined
  const { release, label, deployment, at, contextHash, stateDigest } = binding
  const { digest, version } = release
  return { digest, version, label, deployment, at, contextHash, stateDigest }
}

async function findDrifted(host: Host, state: AppState): Promise<string[]> {
  const label = currentBinding(state)?.label
  if (label === undefined) return []
  const directory = join(appPaths(host.layout, state.app).deploys, label)
  const record = findDeployRecord(directory)
  if (record === undefined) return []
  const drift = await findDrift(directory, record)
  return drift.map(({ file }) => file.slice(0, 1024)).slice(0, mostDrifted)
}
