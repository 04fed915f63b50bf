import type { ProbeResult } from '../../proxy/index.ts'
import type { DeployContext } from './deploy-context.ts'

/** Milliseconds a probe waits for each answer. */
const probeTimeout = 2000

/** Asks the proxy and the public door of an endpoint once. */
export async function probeRoute(
  { host, facts }: DeployContext,
  endpoint: string,
): Promise<ProbeResult> {
  const route = host.routes.load().routes[endpoint]
  if (route === undefined) return { generation: undefined, status: undefined, milliseconds: 0 }
  const check = facts.manifest?.check
  const path = check?.type === 'http' ? check.path : '/'
  return await host.proxy.probe(route, { path, timeout: probeTimeout })
}
