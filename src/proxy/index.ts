export {
  assertDistinctNames,
  endpointNameSchema,
  endpointSchema,
  endpointsSchema,
  parseEndpoint,
  parseServerName,
} from './endpoint.ts'
export { replaceProxy } from './embedded/embedded-driver.ts'
export { proxyLogPath, proxyPidPath } from './embedded/serve-files.ts'
export { serveProxy, type ProxyHandle, type ServeOptions } from './embedded/serve-proxy.ts'
export { openProxyDriver, type OpenProxyOptions } from './open-proxy.ts'
export type { ProbeOptions, ProbeResult, ProxyDriver } from './proxy-driver.ts'
export type { ListenAddress, NginxSettings, ProxyPlace, ProxySettings } from './proxy-settings.ts'
export {
  connectRoute,
  connectRoutes,
  emptyTable,
  findRoute,
  isSameTarget,
  targetKey,
  withEndpoints,
  type EndpointChange,
} from './route-changes.ts'
export { openRouteStore, type RouteStore } from './route-store.ts'
export type { Endpoint, Route, RouteTable, Target } from './routes.ts'
export {
  settleProxy,
  switchEndpoint,
  type SwitchContext,
  type SwitchProof,
} from './switch-endpoint.ts'
