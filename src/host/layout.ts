import { join } from 'node:path'

import { isName } from '../config/index.ts'
import { AppError } from '../errors/index.ts'

/** Where the host keeps everything. */
export interface HostLayout {
  readonly root: string
  /** Emptied by a reboot; short, because a unix socket path has at most 107 bytes. */
  readonly runDir: string
}

/** Where one app keeps everything. */
export interface AppPaths {
  readonly directory: string
  /** `<digest>/archive…`: verified archives, published by rename. */
  readonly releases: string
  /** `<label>/`: unpacked, rendered releases, published by rename. */
  readonly deploys: string
  /** Link to the deploy of the last committed binding. */
  readonly current: string
  readonly shared: string
  readonly stateFile: string
  /** `<hash>.json`: the configuration a binding was rendered with. */
  readonly contexts: string
  readonly lock: string
  readonly journal: string
  readonly log: string
  /** Where a check command leaves its attempt; the app's lock makes it one at a time. */
  readonly check: string
}

/** @throws AppError `not-found` for what cannot be an app: its name becomes part of paths. */
export function appPaths(layout: HostLayout, app: string): AppPaths {
  if (!isAppName(app)) throw new AppError('not-found', `there is no app "${app}"`)
  const directory = join(layout.root, 'apps', app)
  return {
    directory,
    releases: join(directory, 'releases'),
    deploys: join(directory, 'deploys'),
    current: join(directory, 'current'),
    shared: join(directory, 'shared'),
    stateFile: join(directory, 'state', 'app.json'),
    contexts: join(directory, 'state', 'contexts'),
    lock: join(directory, 'state', 'lock'),
    journal: join(directory, 'journal'),
    log: join(directory, 'log'),
    check: join(directory, 'check'),
  }
}

export function isAppName(text: string): boolean {
  return isName(text, 32)
}

/** Private place of one deployment for what is not yet published. */
export function stagingPath(layout: HostLayout, deployment: string): string {
  return join(layout.root, 'staging', deployment)
}

/** Held while a port is chosen, so that two apps never record the same one. */
export function portLockPath(layout: HostLayout): string {
  return join(layout.root, 'ports.lock')
}

/** The directory that holds a deploy's `app.sock`; an endpoint's link points to it. */
export function socketDirectory(layout: HostLayout, app: string, label: string): string {
  return join(layout.runDir, 'd', app, label)
}

/** Where a deploy's own record lies inside its directory. */
export function deployRecordPath(deployDirectory: string): string {
  return join(deployDirectory, '.sluice', 'deploy.json')
}
