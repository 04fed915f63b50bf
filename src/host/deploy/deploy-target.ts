import type { Manifest } from '../../release/index.ts'
import type { ProxyDriver, RouteTable, Target } from '../../proxy/index.ts'
import type { DeployEntry } from '../state/app-state.ts'

/** How a release is reached under this proxy: mode `socket` needs a socket, the others prefer a port. */
export function targetKind(
  proxy: Pick<ProxyDriver, 'mode'>,
  listen: Manifest['listen'],
): Target['kind'] {
  if (listen === 'either') return proxy.mode === 'socket' ? 'socket' : 'tcp'
  return listen === 'socket' ? 'socket' : 'tcp'
}

/** Where a recorded deploy listens, or undefined when it has neither port nor socket. */
export function targetOf(app: string, entry: DeployEntry): Target | undefined {
  const { label, port, socketDirectory } = entry
  if (socketDirectory !== undefined)
    return { app, label, kind: 'socket', directory: socketDirectory }
  return port === undefined ? undefined : { app, label, kind: 'tcp', port }
}

/** Names of the endpoints that a deploy serves, sorted. */
export function connectedEndpoints(table: RouteTable, app: string, label: string): string[] {
  const routes = Object.values(table.routes)
  const own = routes.filter(({ target }) => target?.app === app && target.label === label)
  return own.map(({ endpoint }) => endpoint.name).toSorted()
}
