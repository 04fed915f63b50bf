import { findByHostName } from '../host-names.ts'
import { addressOf, targetKey } from '../route-changes.ts'
import type { Route, RouteTable, Target } from '../routes.ts'
import { closeOldIdle, createUpstream, retireUpstream, type Upstream } from './upstream.ts'

/** A route with the connections to its deploy. */
export interface LiveRoute {
  readonly route: Route
  readonly upstream: Upstream | undefined
}

/** The route table in memory; `replace` swaps it as a whole between two requests. */
export interface LiveRoutes {
  replace(table: RouteTable): void
  /** The route of a host name (lowercase, without port). */
  find(hostName: string): LiveRoute | undefined
  generation(): number
  /** The generation of an endpoint; undefined when there is none of that name. */
  generationOf(endpoint: string): number | undefined
  /** Requests and upgraded connections under way per deploy; deploys without any are left out. */
  connections(): Record<string, number>
  /** Regular cleaning. */
  sweep(now: number): void
}

export function createLiveRoutes(): LiveRoutes {
  let table: RouteTable = { generation: 0, routes: {} }
  let names = new Map<string, LiveRoute>()
  let upstreams = new Map<string, Upstream>()

  function replace(next: RouteTable): void {
    const kept = new Map<string, Upstream>()
    names = indexNames(next, (target) => {
      const key = `${targetKey(target)} ${addressOf(target)}`
      const upstream = kept.get(key) ?? findUsable(upstreams, key) ?? createUpstream(target)
      kept.set(key, upstream)
      return upstream
    })
    for (const [key, upstream] of upstreams) {
      if (kept.get(key) === upstream) continue
      retireUpstream(upstream)
      // Still counted until its last request ends.
      if (upstream.active > 0) kept.set(`${key} retired ${next.generation}`, upstream)
    }
    upstreams = kept
    table = next
  }

  return {
    replace,
    find: (hostName) => findByHostName(names, hostName),
    generation: () => table.generation,
    generationOf: (endpoint) =>
      Object.hasOwn(table.routes, endpoint) ? table.routes[endpoint]?.generation : undefined,
    connections: () => countActive(upstreams.values()),
    sweep: (now) => {
      for (const [key, upstream] of upstreams) {
        closeOldIdle(upstream, now)
        if (upstream.retired && upstream.active === 0) upstreams.delete(key)
      }
    },
  }
}

function indexNames(
  table: RouteTable,
  upstreamOf: (target: Target) => Upstream,
): Map<string, LiveRoute> {
  const names = new Map<string, LiveRoute>()
  for (const route of Object.values(table.routes)) {
    const upstream = route.target === undefined ? undefined : upstreamOf(route.target)
    const live = { route, upstream }
    const { serverNames } = route.endpoint
    // The empty name stands for every host.
    for (const name of serverNames.length > 0 ? serverNames : ['']) names.set(name, live)
  }
  return names
}

function findUsable(upstreams: ReadonlyMap<string, Upstream>, key: string): Upstream | undefined {
  const upstream = upstreams.get(key)
  return upstream?.retired === false ? upstream : undefined
}

function countActive(upstreams: Iterable<Upstream>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const upstream of upstreams) {
    if (upstream.active > 0) counts[upstream.key] = (counts[upstream.key] ?? 0) + upstream.active
  }
  return counts
}
