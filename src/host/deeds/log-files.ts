import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { isDirectory, pathExists } from '../../system/index.ts'
import type { Host } from '../host.ts'
import { appPaths } from '../layout.ts'
import { listApps, readAppState } from '../state/locked-app.ts'
import { findDeploy } from './find-deploy.ts'

/** Files with what a deploy printed: the commands of its deployment, then its process. */
export function logFileOf(host: Host, deploy: string): { readonly files: readonly string[] } {
  const left = findLeftLogs(host, deploy)
  if (left !== undefined) return { files: left }
  const { app, entry } = findDeploy(host, deploy)
  const { log } = appPaths(host.layout, app)
  const commands = join(log, entry.deployment)
  const outputs = isDirectory(commands)
    ? readdirSync(commands)
        .toSorted()
        .map((step) => join(commands, step, 'output'))
    : []
  const files = [...outputs, join(log, `${entry.label}.log`)]
  return { files: files.filter((file) => pathExists(file)) }
}

/** The output of a deploy that was undone: its record is gone, and what it printed says why. */
function findLeftLogs({ layout }: Host, label: string): string[] | undefined {
  const apps = listApps(layout).filter(
    (app) => readAppState(layout, app).deploys[label] === undefined,
  )
  const logs = apps.map((app) => appPaths(layout, app).log).filter((log) => isDirectory(log))
  // Compared with what is there: the label is what somebody typed.
  const holding = logs.filter((log) => readdirSync(log).includes(`${label}.log`))
  return holding.length === 1 ? holding.map((log) => join(log, `${label}.log`)) : undefined
}
