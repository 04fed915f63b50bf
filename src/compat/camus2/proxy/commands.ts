import { proxyMode, scope, type Camus2 } from '../camus2.ts'
import { checkLabel, proxyDirectory } from '../deploys-directory.ts'
import { stopProxy } from '../frontend-proxy/docker.ts'
import { checkReleaseExists } from '../release/release-directory.ts'
import { runLocked } from '../run-locked.ts'
import { readState } from '../state.ts'
import { resolveConnections } from './actions.ts'
import { changeState, localProxyMode } from './change-state.ts'
import { setEndPoints } from './execute-action.ts'
import {
  allocatePort,
  requestConnect,
  requestDisconnect,
  requestStart,
  requestStop,
} from './transitions.ts'

// The deeds of proxy mode, one for each command.

export async function startDeploy(camus2: Camus2, release: string, label: string): Promise<void> {
  checkReleaseExists(camus2.config, release)
  checkLabel(label)
  const inner = scope(camus2, `Create and start release ${release} as deploy ${label}`)
  await runLocked(inner, `start ${release} ${label}`, (lock) =>
    changeState(inner, {
      kind: 'start',
      request: { release, label },
      lock,
      wanted: (state) => {
        const port = allocatePort(state, localProxyMode(inner))
        return requestStart(state, { label, release, port })
      },
    }),
  )
}

export async function stopDeploy(camus2: Camus2, label: string): Promise<void> {
  const inner = scope(camus2, `Stop and remove deploy ${label}`)
  await runLocked(inner, `stop ${label}`, (lock) =>
    changeState(inner, {
      kind: 'stop',
      request: { label },
      lock,
      wanted: (state) => requestStop(state, label),
    }),
  )
}

export async function connect(camus2: Camus2, endpoint: string, label: string): Promise<void> {
  const inner = scope(camus2, `Connecting endpoint ${endpoint} to ${label}`)
  await runLocked(inner, `connect ${endpoint} ${label}`, (lock) =>
    changeState(inner, {
      kind: 'connect',
      request: { endpoint, label },
      lock,
      wanted: (state) => requestConnect(state, proxyMode(inner), { endpoint, label }),
    }),
  )
}

export async function disconnect(camus2: Camus2, endpoint: string): Promise<void> {
  const inner = scope(camus2, `Disconnecting endpoint ${endpoint}`)
  await runLocked(inner, `disconnect ${endpoint}`, (lock) =>
    changeState(inner, {
      kind: 'disconnect',
      request: { endpoint },
      lock,
      wanted: (state) => requestDisconnect(state, proxyMode(inner), endpoint),
    }),
  )
}

/** Writes the proxy's files and reloads it, whether anything changed or not. A no-op with remote state. */
export async function restartProxy(camus2: Camus2): Promise<void> {
  if (proxyMode(camus2).remoteStateS3 !== undefined) return
  await runLocked(camus2, 'restart-frontend-proxy', () => restartLocalProxy(camus2))
}

/** The same for whoever holds the lock, also with remote state. */
export async function restartLocalProxy(camus2: Camus2): Promise<void> {
  const inner = scope(camus2, 'restarting local proxy')
  const live = resolveConnections(readState(camus2.config), proxyMode(camus2))
  await setEndPoints(inner, live, () => undefined)
}

/** Ends the proxy's container. A no-op with remote state. */
export async function shutdownProxy(camus2: Camus2): Promise<void> {
  if (proxyMode(camus2).remoteStateS3 !== undefined) return
  const inner = scope(camus2, 'shutdown local proxy')
  await runLocked(camus2, 'shutdown-frontend-proxy', () =>
    stopProxy(inner, proxyDirectory(camus2.config)),
  )
}
