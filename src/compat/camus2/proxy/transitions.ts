import { AppError } from '../../../errors/index.ts'
import type { ProxyModeConfig } from '../config/tool-config.ts'
import { withEntry, type Deploy, type State } from '../state.ts'

// What each command asks for: pure functions from a state to the wanted state, with Camus2's checks and words.

/** A new deploy on a fresh port; one of the same label is replaced. @throws AppError `no-port`. */
export function requestStart(state: State, deploy: Deploy): State {
  return { ...state, deploys: withEntry(state.deploys, deploy.label, deploy) }
}

/** @throws AppError `not-found`, `deploy-connected`. */
export function requestStop(state: State, label: string): State {
  requireDeploy(state, label)
  const serving = Array.from(state.connections).find(([, connected]) => connected === label)
  if (serving !== undefined) {
    throw new AppError('deploy-connected', `deploy is connected to ${serving[0]}`)
  }
  return { ...state, deploys: withEntry(state.deploys, label, undefined) }
}

/** @throws AppError `not-found`, for the deploy first. */
export function requestConnect(
  state: State,
  config: ProxyModeConfig,
  wanted: { readonly endpoint: string; readonly label: string },
): State {
  requireDeploy(state, wanted.label)
  requireEndpoint(config, wanted.endpoint)
  return { ...state, connections: withEntry(state.connections, wanted.endpoint, wanted.label) }
}

/** @throws AppError `not-found`. */
export function requestDisconnect(state: State, config: ProxyModeConfig, endpoint: string): State {
  requireEndpoint(config, endpoint)
  return { ...state, connections: withEntry(state.connections, endpoint, undefined) }
}

/** The smallest port of the range that no deploy of the state has. @throws AppError `no-port`. */
export function allocatePort(state: State, { dynamicPortRange }: ProxyModeConfig): number {
  const used = new Set(Array.from(state.deploys.values(), (deploy) => deploy.port))
  for (let port = dynamicPortRange.v1; port < dynamicPortRange.v2; port++) {
    if (!used.has(port)) return port
  }
  throw new AppError('no-port', 'no more ports available')
}

function requireDeploy(state: State, label: string): void {
  if (!state.deploys.has(label)) throw new AppError('not-found', `no deploy called ${label}`)
}

function requireEndpoint(config: ProxyModeConfig, endpoint: string): void {
  if (!config.endPoints.has(endpoint)) {
    throw new AppError('not-found', `no endpoint called ${endpoint}`)
  }
}
