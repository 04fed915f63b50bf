import type { ProxyModeConfig } from '../config/tool-config.ts'
import { withEntry, type Deploy, type State } from '../state.ts'

/** An endpoint of the configuration and the deploy it serves. */
export interface LiveEndPoint {
  readonly endpoint: string
  readonly deploy: Deploy
}

/** One thing to do on the way from a state to another. */
export type Action =
  | { readonly type: 'destroy-deploy'; readonly deploy: Deploy }
  | { readonly type: 'create-deploy'; readonly deploy: Deploy }
  | { readonly type: 'set-endpoints'; readonly live: readonly LiveEndPoint[] }

/**
 * The actions that lead from one state to another, in Camus2's order: first stop what holds a port that is
 * needed, then create, replace, switch the endpoints, and stop the rest last.
 */
export function actionsFor(from: State, to: State, config: ProxyModeConfig): Action[] {
  const removed = without(from, to)
  const needed = new Set(Array.from(to.deploys.values(), (deploy) => deploy.port))
  const before = resolveConnections(from, config)
  const after = resolveConnections(to, config)
  return [
    ...removed.filter((deploy) => needed.has(deploy.port)).map(destroy),
    ...without(to, from).map(create),
    ...replaced(from, to).flatMap(([old, next]) => [destroy(old), create(next)]),
    ...(sameEndPoints(before, after) ? [] : [{ type: 'set-endpoints', live: after } as const]),
    ...removed.filter((deploy) => !needed.has(deploy.port)).map(destroy),
  ]
}

/** Connections whose endpoint is configured and whose deploy exists, each looked up in its own state. */
export function resolveConnections(state: State, config: ProxyModeConfig): LiveEndPoint[] {
  return Array.from(state.connections).flatMap(([endpoint, label]) => {
    const deploy = state.deploys.get(label)
    return deploy !== undefined && config.endPoints.has(endpoint) ? [{ endpoint, deploy }] : []
  })
}

/** The state after an action was done. */
export function applyAction(state: State, action: Action): State {
  if (action.type === 'set-endpoints') {
    const connections = action.live.map(({ endpoint, deploy }) => [endpoint, deploy.label] as const)
    return { ...state, connections: new Map(connections) }
  }
  const { deploy } = action
  const value = action.type === 'create-deploy' ? deploy : undefined
  return { ...state, deploys: withEntry(state.deploys, deploy.label, value) }
}

/** Deploys of `state` whose labels `other` does not have. */
function without(state: State, other: State): Deploy[] {
  return Array.from(state.deploys.values()).filter((deploy) => !other.deploys.has(deploy.label))
}

function replaced(from: State, to: State): [old: Deploy, next: Deploy][] {
  return Array.from(from.deploys.values()).flatMap((old): [Deploy, Deploy][] => {
    const next = to.deploys.get(old.label)
    return next === undefined || sameDeploy(old, next) ? [] : [[old, next]]
  })
}

function sameEndPoints(left: readonly LiveEndPoint[], right: readonly LiveEndPoint[]): boolean {
  return (
    left.length === right.length &&
    left.every((live, index) => {
      const other = right[index]
      return (
        other !== undefined &&
        live.endpoint === other.endpoint &&
        sameDeploy(live.deploy, other.deploy)
      )
    })
  )
}

function sameDeploy(left: Deploy, right: Deploy): boolean {
  return left.label === right.label && left.release === right.release && left.port === right.port
}

function destroy(deploy: Deploy): Action {
  return { type: 'destroy-deploy', deploy }
}

function create(deploy: Deploy): Action {
  return { type: 'create-deploy', deploy }
}
