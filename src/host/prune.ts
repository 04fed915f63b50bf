import { lstatSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { isDirectory, removeLeftovers, removeTree } from '../system/index.ts'
import { findDeployRecord } from './deploy/deploy-record.ts'
import { connectedEndpoints } from './deploy/deploy-target.ts'
import type { Host } from './host.ts'
import { listJournals } from './journal-file.ts'
import { capLog } from './keeper/cap-log.ts'
import { keeperDirectory } from './keeper/keeper-files.ts'
import { chooseRemovals, type Removal } from './retention.ts'
import { withoutDeploy } from './state/app-state.ts'
import type { LockedApp } from './state/locked-app.ts'

export interface PruneResult {
  readonly removed: readonly Removal[]
  readonly kept: readonly { readonly path: string; readonly why: string }[]
}

/** Removes what retention no longer keeps of a locked app, and what interrupted work left behind. */
export async function pruneApp(
  host: Host,
  app: LockedApp,
  options: { readonly dryRun: boolean; readonly deployment?: string },
): Promise<PruneResult> {
  const table = host.routes.load()
  // The deployment that prunes is behind its commit: what it brought is recorded.
  const isOwn = options.deployment !== undefined && app.state.unfinished === options.deployment
  const decision = chooseRemovals({
    state: isOwn ? { ...app.state, unfinished: undefined } : app.state,
    paths: app.paths,
    retention: host.settings.retention,
    isConnected: (label) => connectedEndpoints(table, app.state.app, label).length > 0,
    sizeOf: treeSize,
    deploysOnDisk: listNames(app.paths.deploys),
    releasesOnDisk: listNames(app.paths.releases),
    contextOf: (label) => findDeployRecord(join(app.paths.deploys, label))?.contextHash,
    contextsOnDisk: listNames(app.paths.contexts, '.json'),
    // A clock that was set back may make our own deployment look old.
    journals: listJournals(app.paths.journal).filter((id) => id !== options.deployment),
    leftLogs: listLeftLogs(app),
  })
  if (!options.dryRun) {
    for (const removal of decision.removed) removeOne(app, removal)
    capLogs(host, app)
    for (const directory of writtenDirectories(host, app)) removeLeftovers(directory)
  }
  return decision
}

/** Where files are replaced, and a crash may leave the temporary one. */
function writtenDirectories({ layout }: Host, { paths }: LockedApp): string[] {
  const { root, runDir } = layout
  const ofHost = [root, join(root, 'proxy'), join(root, 'staging'), runDir, keeperDirectory(runDir)]
  const { directory, stateFile, contexts, releases, deploys, journal, log } = paths
  return [...ofHost, directory, dirname(stateFile), contexts, releases, deploys, journal, log]
}

/** Removes staging directories that belong to no unfinished deployment of any app. */
export function pruneStaging(
  host: Host,
  readUnfinished: () => ReadonlySet<string>,
  dryRun: boolean,
): Removal[] {
  const staging = join(host.layout.root, 'staging')
  const names = listNames(staging)
  // Read after the names: what was begun in between is not among them.
  const unfinished = readUnfinished()
  const orphans = names.filter((name) => !unfinished.has(name))
  return orphans.map((name) => {
    const path = join(staging, name)
    const removal = { kind: 'staging' as const, path, bytes: treeSize(path) }
    if (!dryRun) removeTree(path)
    return removal
  })
}

/** The keeper caps the logs of what it watches; under systemd nobody does between two prunes. */
function capLogs({ settings }: Host, { paths, state }: LockedApp): void {
  for (const label of Object.keys(state.deploys)) {
    capLog(join(paths.log, `${label}.log`), settings.logLimit)
  }
}

function removeOne(app: LockedApp, removal: Removal): void {
  // The record goes first: a deploy without a directory is worse than a directory without a record.
  if (removal.label !== undefined) {
    const { label } = removal
    app.update((state) => withoutDeploy(state, label))
  }
  removeTree(removal.path)
}

/** Names in a directory that end so, without that ending; what half written or half removed things are called is left out. */
function listNames(directory: string, ending = ''): string[] {
  if (!isDirectory(directory)) return []
  return readdirSync(directory)
    .filter((name) => !name.startsWith('.') && name.endsWith(ending))
    .map((name) => name.slice(0, name.length - ending.length))
    .toSorted()
}

function listLeftLogs({ paths, state }: LockedApp): string[] {
  const changedAt = (name: string): number => statSync(join(paths.log, name)).mtimeMs
  return listNames(paths.log, '.log')
    .filter((label) => state.deploys[label] === undefined)
    .map((label) => `${label}.log`)
    .toSorted((left, right) => changedAt(right) - changedAt(left))
}

/** Bytes of all files below a path; links count as nothing. */
function treeSize(path: string): number {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return 0
  if (!stat.isDirectory()) return stat.isFile() ? stat.size : 0
  return readdirSync(path).reduce((sum, name) => sum + treeSize(join(path, name)), 0)
}
