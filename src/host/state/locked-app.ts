import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

import {
  acquireLock,
  assertFence,
  isDirectory,
  makeDirectory,
  readStateFile,
  writeStateFile,
  type Clock,
} from '../../system/index.ts'
import { appPaths, isAppName, type AppPaths, type HostLayout } from '../layout.ts'
import { emptyAppState, type AppState } from './app-state.ts'

/** Version of the state file's shape; a newer one is refused. */
const stateFormat = 1

/** One app's state, opened by the holder of its lock. */
export interface LockedApp {
  readonly paths: AppPaths
  readonly fence: number
  readonly state: AppState
  /** To be asked before any durable write of the app. @throws AppError `fenced` when somebody took the lock over. */
  assertHeld(): void
  /** Computes and durably writes the next state. @throws AppError `fenced` when somebody took the lock over. */
  update(change: (state: AppState) => AppState): void
}

export interface AppLockRequest {
  readonly purpose: string
  readonly clock: Clock
  /** Milliseconds to wait for the present holder. */
  readonly wait: number
  readonly signal: AbortSignal
}

/** Works on an app while holding its kernel lock; directories are made as needed. */
export async function withLockedApp<Result>(
  layout: HostLayout,
  name: string,
  request: AppLockRequest,
  work: (app: LockedApp) => Promise<Result>,
): Promise<Result> {
  const paths = appPaths(layout, name)
  makeAppDirectories(paths)
  const lock = await acquireLock(paths.lock, request)
  try {
    return await work(openApp(paths, name, lock.fence))
  } finally {
    lock.release()
  }
}

/** The state as it is now, without a lock; an app nobody knows has an empty one. */
export function readAppState(layout: HostLayout, app: string): AppState {
  return (
    readStateFile<AppState>(appPaths(layout, app).stateFile, stateFormat)?.state ??
    emptyAppState(app)
  )
}

/** Another text whenever the state of some app was written; costs a look at each file's entry, not its content. */
export function versionOfStates(layout: HostLayout): string {
  const versions = listApps(layout).map((app) => {
    const file = statSync(appPaths(layout, app).stateFile, { throwIfNoEntry: false })
    return `${app} ${file?.ino} ${file?.mtimeMs}`
  })
  return versions.join('\n')
}

/** Names of all apps that were ever deployed on this host. */
export function listApps(layout: HostLayout): string[] {
  const directory = join(layout.root, 'apps')
  return isDirectory(directory) ? readdirSync(directory).filter(isAppName).toSorted() : []
}

function openApp(paths: AppPaths, name: string, fence: number): LockedApp {
  let state = readStateFile<AppState>(paths.stateFile, stateFormat)?.state ?? emptyAppState(name)
  const assertHeld = (): void => assertFence(paths.lock, fence)
  return {
    paths,
    fence,
    get state() {
      return state
    },
    assertHeld,
    update: (change) => {
      assertHeld()
      const next = change(state)
      writeStateFile(paths.stateFile, stateFormat, next)
      state = next
    },
  }
}

function makeAppDirectories(paths: AppPaths): void {
  for (const directory of [paths.releases, paths.deploys, paths.shared, paths.journal, paths.log]) {
    makeDirectory(directory)
  }
  makeDirectory(dirname(paths.stateFile), 0o700)
  makeDirectory(paths.contexts, 0o700)
}
