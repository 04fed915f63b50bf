import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import {
  identify,
  isDirectory,
  removedPrefix,
  removeFile,
  removeTree,
  withPath,
} from '../../system/index.ts'
import type { ToolConfig } from './config/tool-config.ts'
import { ownPaths } from './deploys-directory.ts'

/** Removes what a killed command left half removed, half written or half staged. Only under the lock. */
export function sweepLeftovers(config: Pick<ToolConfig, 'deploysDir'>): void {
  for (const name of namesIn(config.deploysDir)) {
    if (name.startsWith(removedPrefix)) removeTree(join(config.deploysDir, name))
  }
  removeTree(ownPaths(config).staging)
  const proxyDirectory = join(config.deploysDir, 'frontend-proxy')
  for (const directory of [config.deploysDir, ownPaths(config).directory, proxyDirectory]) {
    sweepTemporaries(directory)
  }
}

/** Removes temporary files of processes that are gone; those of a running one may become the real file yet. */
export function sweepTemporaries(directory: string): void {
  for (const name of namesIn(directory)) {
    const writer = /^\..+\.(\d+)\.\d+\.tmp$/.exec(name)?.[1]
    if (writer !== undefined && identify(Number(writer)) === undefined) {
      removeFile(join(directory, name))
    }
  }
}

function namesIn(directory: string): string[] {
  if (!isDirectory(directory)) return []
  return withPath(directory, () => readdirSync(directory))
}
