import type { TrafficStatement } from '../../protocol/index.ts'
import type { Route } from '../../proxy/index.ts'
import { requestEndpoint, type EndpointDoor } from '../health/endpoint-request.ts'
import { startTrafficProbe, type TrafficPhase } from '../health/traffic-probe.ts'
import type { Host } from '../host.ts'
import type { HostSettings } from '../settings/host-settings.ts'
import type { DeploymentOrder } from './deploy-context.ts'

/** Requests through an endpoint while a deployment runs. */
export interface TrafficWatch {
  mark(phase: TrafficPhase): void
  finish(): Promise<TrafficStatement>
}

/**
 * Sends requests through the first endpoint from the start of a deployment to its end, for the zero-downtime
 * statement; undefined where nothing serves yet or no endpoint moves.
 */
export function watchTraffic(host: Host, { request }: DeploymentOrder): TrafficWatch | undefined {
  const [name] = request.endpoints
  const route = name === undefined ? undefined : host.routes.load().routes[name]
  if (route?.target === undefined) return undefined
  const door = doorOf(host.settings.proxy, route)
  const { clock, settings } = host
  const probe = startTrafficProbe({
    request: () => requestEndpoint(door, clock),
    interval: settings.probeInterval,
    clock,
  })
  return {
    mark: (phase) => probe.mark(phase),
    finish: async () => ({ endpoint: route.endpoint.name, ...(await probe.finish()) }),
  }
}

/** Milliseconds after which a visitor of the probe has waited too long. */
const visitorPatience = 5000

function doorOf({ http, https }: HostSettings['proxy'], { endpoint }: Route): EndpointDoor {
  const tls = endpoint.tls !== undefined && https !== undefined
  const { address, port } = tls ? https : http
  const [serverName = 'localhost'] = endpoint.serverNames
  return {
    address: reachable(address),
    port,
    tls,
    host: serverName.replace('*', 'probe'),
    path: '/',
    timeout: visitorPatience,
  }
}

/** An address that means "all" is reached by the loopback one of its kind. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1'
  return address === '::' ? '::1' : address
}
