import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { saveServeSettings } from '../../src/proxy/embedded/serve-files.ts'
import {
  connectRoute,
  emptyTable,
  openRouteStore,
  parseEndpoint,
  serveProxy,
  withEndpoints,
  type ProxyPlace,
  type ProxySettings,
  type Target,
} from '../../src/proxy/index.ts'
import { afterwards } from './afterwards.ts'
import { proxySettings } from './embedded-proxy.ts'
import { temporaryFolder } from './temp-folder.ts'

/** An embedded proxy inside the test's own process with one endpoint `main` (shop.test), or those given. */
export async function serveInProcess(
  t: Pick<TestContext, 'after'>,
  options: {
    readonly target?: Target
    readonly settings?: Partial<ProxySettings>
    readonly endpoints?: Readonly<Record<string, unknown>>
  } = {},
) {
  const folder = temporaryFolder(t)
  const place: ProxyPlace = { root: join(folder, 'root'), runDir: join(folder, 'run') }
  const settings = await proxySettings(options.settings)
  const written = options.endpoints ?? { main: { serverNames: ['shop.test'] } }
  const endpoints = Object.entries(written).map(([name, raw]) => parseEndpoint(name, raw))
  const routes = openRouteStore(place.root)
  const table = withEndpoints(emptyTable, endpoints)
  routes.save(endpoints.reduce((so, { name }) => connectRoute(so, name, options.target), table))
  saveServeSettings(place, settings)
  const proxy = await serveProxy(place)
  afterwards(t, () => proxy.stop())
  return { place, settings, routes, proxy, port: settings.http.port }
}
