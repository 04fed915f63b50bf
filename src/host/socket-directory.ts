import { giveTo, lookUpUser, makeDirectory, setMode } from '../system/index.ts'
import type { ServiceSpec } from './drivers/process-driver.ts'
import type { Host } from './host.ts'
import { socketDirectory } from './layout.ts'

/** The owner writes, the proxy's group enters; setgid gives the socket inside to that group. */
const sharedMode = 0o2750

/**
 * Makes the directory that a deploy creates its socket in. With nginx in front, nginx's group may reach the socket:
 * the directory is setgid to that group and the process has umask 007.
 */
export function prepareSocketDirectory(host: Host, spec: ServiceSpec): void {
  if (spec.socket === undefined) return
  const directory = socketDirectory(host.layout, spec.app, spec.label)
  makeDirectory(directory)
  // Only root can give a directory away; others run the app and the proxy as themselves.
  if (process.getuid?.() !== 0) return
  const uid = spec.owner?.uid ?? 0
  giveTo(directory, { uid, gid: proxyGroup(host) ?? spec.owner?.gid ?? 0 })
  setMode(directory, sharedMode)
}

/** Group of nginx's workers; undefined for the embedded proxy, which is root's as we are. */
function proxyGroup({ settings }: Host): number | undefined {
  const { driver, nginx } = settings.proxy
  if (driver !== 'nginx') return undefined
  return lookUpUser(nginx.user ?? 'www-data').gid
}
