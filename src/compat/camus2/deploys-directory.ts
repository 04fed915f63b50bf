import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { makeDirectory, removedPrefix } from '../../system/index.ts'
import type { ToolConfig } from './config/tool-config.ts'

/** What Camus2 does not know, in a folder of its own: nothing but state.json says what is deployed. */
export interface OwnPaths {
  readonly directory: string
  readonly lock: string
  readonly journal: string
  readonly staging: string
  /** Exists while the proxy may serve something else than state.json says. */
  readonly proxyUnsure: string
}

const reservedLabels = new Set(['', '.', '..', 'current', 'frontend-proxy', '.sluice'])

export function ownPaths(config: Pick<ToolConfig, 'deploysDir'>): OwnPaths {
  const directory = join(config.deploysDir, '.sluice')
  return {
    directory,
    lock: join(directory, 'lock'),
    journal: join(directory, 'journal'),
    staging: join(directory, 'staging'),
    proxyUnsure: join(directory, 'proxy-unsure'),
  }
}

/** Where a deploy lies; a label that a state file brings must not lead to anything else. */
export function deployDirectory(config: Pick<ToolConfig, 'deploysDir'>, label: string): string {
  if (label.split('/').some((part) => reservedLabels.has(part))) throw unfitLabel(label)
  return join(config.deploysDir, label)
}

export function currentLink(config: Pick<ToolConfig, 'deploysDir'>): string {
  return join(config.deploysDir, 'current')
}

/** `<deploysDir>/frontend-proxy`, created on first use; Docker Compose takes its project's name from it. */
export function proxyDirectory(config: Pick<ToolConfig, 'deploysDir'>): string {
  const directory = join(config.deploysDir, 'frontend-proxy')
  makeDirectory(directory)
  return directory
}

/** A label becomes the name of a directory. @throws AppError `usage`. */
export function checkLabel(label: string): void {
  if (reservedLabels.has(label) || /[/\0]/.test(label) || label.startsWith(removedPrefix)) {
    throw unfitLabel(label)
  }
}

/** The file name without its last extension, whatever that is: `app-1.2.zip` and `app-1.2.x` give `app-1.2`. */
export function defaultLabel(release: string): string {
  const dot = release.lastIndexOf('.')
  return dot === -1 ? release : release.slice(0, dot)
}

function unfitLabel(label: string): AppError {
  return new AppError('usage', `"${label}" cannot be the label of a deploy`)
}
