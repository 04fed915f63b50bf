import { AppError, nearestName } from '../errors/index.ts'
import type { Endpoint, Route, RouteTable, Target } from './routes.ts'

/** One wish of a switch: this endpoint to that deploy, or to none. */
export interface EndpointChange {
  readonly endpoint: string
  readonly target: Target | undefined
  /** The wish is dropped when by then another app than this one is served there. */
  readonly unlessTakenFrom?: string
}

/** The wishes that still hold on this table. */
export function standingChanges(
  table: RouteTable,
  changes: readonly EndpointChange[],
): readonly EndpointChange[] {
  return changes.filter(({ endpoint, unlessTakenFrom: app }) => {
    const present = table.routes[endpoint]?.target
    return app === undefined || present === undefined || present.app === app
  })
}

export const emptyTable: RouteTable = { generation: 0, routes: {} }

/**
 * The table with an endpoint connected to a deploy, or to none. A table that already says so comes back as it is.
 * @throws AppError `not-found`, `endpoint-taken`
 */
export function connectRoute(
  table: RouteTable,
  endpointName: string,
  target: Target | undefined,
): RouteTable {
  const route = findRoute(table, endpointName)
  if (target !== undefined) assertMayConnect(route, target)
  if (isSameTarget(route.target, target)) return table
  return withRoute(table, { ...route, target })
}

/** All changes one after the other. */
export function connectRoutes(table: RouteTable, changes: readonly EndpointChange[]): RouteTable {
  return changes.reduce((so, change) => connectRoute(so, change.endpoint, change.target), table)
}

/**
 * The table that follows the configuration: new endpoints unconnected, changed ones changed, others gone. An
 * endpoint that still serves stays until it is disconnected, so that an edit alone takes nothing out of traffic;
 * disconnecting must therefore work on the table as it is, without calling this first.
 * @throws AppError `deploy-connected` when such an endpoint holds a host name that another one now claims.
 */
export function withEndpoints(table: RouteTable, endpoints: readonly Endpoint[]): RouteTable {
  const generation = table.generation + 1
  const configured = endpoints.map((endpoint) => followEndpoint(table, endpoint, generation))
  const leaving = Object.values(table.routes).filter(
    (route) =>
      route.target !== undefined && !endpoints.some(({ name }) => name === route.endpoint.name),
  )
  for (const route of leaving) assertFree(route, endpoints)
  const routes = [...configured, ...leaving]
  const isSame =
    routes.length === Object.keys(table.routes).length &&
    routes.every((route) => route.generation !== generation)
  if (isSame) return table
  return {
    generation,
    routes: Object.fromEntries(routes.map((route) => [route.endpoint.name, route])),
  }
}

/** The route of an endpoint. @throws AppError `not-found` */
export function findRoute(table: RouteTable, endpointName: string): Route {
  const route = Object.hasOwn(table.routes, endpointName) ? table.routes[endpointName] : undefined
  if (route !== undefined) return route
  const names = Object.keys(table.routes)
  const nearest = nearestName(endpointName, names)
  throw new AppError('not-found', `there is no endpoint ${JSON.stringify(endpointName)}`, {
    hint:
      nearest === undefined
        ? `endpoints of this host: ${names.join(', ') || 'none'}`
        : `did you mean ${nearest}?`,
  })
}

export function isSameTarget(left: Target | undefined, right: Target | undefined): boolean {
  if (left === undefined || right === undefined) return left === right
  return targetKey(left) === targetKey(right) && addressOf(left) === addressOf(right)
}

/** `APP/LABEL`, which names a deploy on its host. */
export function targetKey(target: Target): string {
  return `${target.app}/${target.label}`
}

/** Port or directory of a target, as text. */
export function addressOf(target: Target): string {
  return target.kind === 'tcp' ? `port ${target.port}` : target.directory
}

function withRoute(table: RouteTable, route: Route): RouteTable {
  const generation = table.generation + 1
  return {
    generation,
    routes: { ...table.routes, [route.endpoint.name]: { ...route, generation } },
  }
}

function assertMayConnect(route: Route, target: Target): void {
  const { endpoint, target: present } = route
  if (endpoint.app !== undefined && endpoint.app !== target.app) {
    throw new AppError(
      'endpoint-taken',
      `endpoint ${endpoint.name} is for app ${endpoint.app}, not for ${target.app}`,
    )
  }
  if (present !== undefined && present.app !== target.app) {
    throw new AppError(
      'endpoint-taken',
      `endpoint ${endpoint.name} serves ${targetKey(present)}, a deploy of another app`,
      { hint: `run \`sluice disconnect ${endpoint.name}\` first` },
    )
  }
}

function assertFree(leaving: Route, endpoints: readonly Endpoint[]): void {
  const held = new Set(claimedHosts(leaving.endpoint))
  for (const endpoint of endpoints) {
    const host = claimedHosts(endpoint).find((name) => held.has(name))
    if (host === undefined) continue
    const { name } = leaving.endpoint
    throw new AppError(
      'deploy-connected',
      `endpoint ${endpoint.name} claims ${host}, which endpoint ${name} still serves`,
      { hint: `run \`sluice disconnect ${name}\` first` },
    )
  }
}

function claimedHosts({ serverNames }: Endpoint): readonly string[] {
  return serverNames.length > 0 ? serverNames : ['every host']
}

function followEndpoint(table: RouteTable, endpoint: Endpoint, generation: number): Route {
  const present = Object.hasOwn(table.routes, endpoint.name)
    ? table.routes[endpoint.name]
    : undefined
  if (present === undefined) return { endpoint, target: undefined, generation }
  if (isSameEndpoint(present.endpoint, endpoint)) return present
  return { ...present, endpoint, generation }
}

function isSameEndpoint(left: Endpoint, right: Endpoint): boolean {
  return canonicalEndpoint(left) === canonicalEndpoint(right)
}

function canonicalEndpoint({ name, app, serverNames, tls }: Endpoint): string {
  return JSON.stringify([
    name,
    app ?? null,
    serverNames,
    tls === undefined ? null : [tls.certificate, tls.key, tls.redirect],
  ])
}
