import { join } from 'node:path'

import {
  openProxyDriver,
  openRouteStore,
  parseEndpoint,
  switchEndpoint,
  withEndpoints,
  type ProxyPlace,
  type ProxySettings,
  type SwitchContext,
} from '../../src/proxy/index.ts'
import { systemClock } from '../../src/system/index.ts'
import { ensureTool } from '../../scripts/tools.ts'
import { embeddedOptions, proxySettings } from '../../test/support/embedded-proxy.ts'
import { startNginx } from '../../test/support/private-nginx.ts'
import type { Scope } from '../scope.ts'
import type { Backend } from './children.ts'
import type { Rival, StartRival } from './rival.ts'

// Our own three modes, switched by the code that `sluice connect` runs.

/** Mode `proxy`: the embedded proxy of the built executable. */
export function embedded(program: string): StartRival {
  return async (scope, folder, [first]) => {
    const settings = await proxySettings()
    const place = placeIn(folder)
    const command = [program, 'proxy', 'serve']
    const options = await embeddedOptions(scope, place, { settings, command })
    return await openRival({ place, settings, command: options.command ?? command }, first)
  }
}

/** Mode `socket`: nginx in front of unix sockets. */
export const nginxSocket: StartRival = async (scope, folder, [first]) => {
  const settings = await nginxSettings(scope, folder, 'socket')
  return await openRival({ place: placeIn(folder), settings }, first)
}

/** Mode `reload`: nginx with the port in its configuration. */
export const nginxReload: StartRival = async (scope, folder, [first]) => {
  const settings = await nginxSettings(scope, folder, 'reload')
  return await openRival({ place: placeIn(folder), settings }, first)
}

function placeIn(folder: string): ProxyPlace {
  return { root: join(folder, 'root'), runDir: join(folder, 'run') }
}

async function nginxSettings(
  scope: Scope,
  folder: string,
  mode: 'socket' | 'reload',
): Promise<ProxySettings> {
  const settings = await proxySettings({ driver: 'nginx', mode })
  const program = await ensureTool('nginx')
  const { port } = settings.http
  const nginx = await startNginx(scope, join(folder, 'nginx'), { program, port })
  return { ...settings, nginx }
}

interface Host {
  readonly place: ProxyPlace
  readonly settings: ProxySettings
  readonly command?: readonly string[]
}

async function openRival({ place, settings, command }: Host, first: Backend): Promise<Rival> {
  const context: SwitchContext = {
    driver: openProxyDriver({ ...place, settings, ...(command === undefined ? {} : { command }) }),
    routes: openRouteStore(place.root),
    clock: systemClock,
    report: () => undefined,
    signal: new AbortController().signal,
  }
  const endpoint = parseEndpoint('main', { app: 'shop', serverNames: ['shop.test'] })
  const connect = async (release: Backend): Promise<void> => {
    const target = settings.mode === 'socket' ? release.socket : release.tcp
    await switchEndpoint(context, [{ endpoint: endpoint.name, target }])
  }
  await switchEndpoint(context, [], (table) => withEndpoints(table, [endpoint]))
  await connect(first)
  return { port: settings.http.port, connect }
}
