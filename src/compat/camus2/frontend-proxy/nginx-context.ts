import type {
  CertificateMode,
  EndPoint,
  ProxyModeConfig,
  ToolConfig,
} from '../config/tool-config.ts'
import type { LiveEndPoint } from '../proxy/actions.ts'

/** What the nginx template is rendered with; members without a value are left out. */
export interface NginxContext {
  readonly healthCheck?: {
    readonly incomingPath: string
    readonly outgoingPath: string
    readonly outgoingPort: number
  }
  readonly endPoints: readonly NginxEndPoint[]
}

type NginxEndPoint =
  | { readonly http: { readonly serverNames: string; readonly port?: number } }
  | { readonly https: NginxHttpsEndPoint }

interface NginxHttpsEndPoint {
  readonly serverNames: string
  readonly port?: number
  readonly sslCertPath?: string
  readonly sslCertKeyPath?: string
  readonly letsencryptWwwDir: string
}

export interface NginxContextRequest {
  readonly config: ToolConfig
  readonly proxy: ProxyModeConfig
  readonly live: readonly LiveEndPoint[]
  readonly fileExists: (path: string) => boolean
}

export function nginxContext(request: NginxContextRequest): NginxContext {
  const { proxy, live } = request
  const ports = new Map(live.map(({ endpoint, deploy }) => [endpoint, deploy.port]))
  const endPoints = Array.from(proxy.endPoints, ([label, endPoint]) =>
    nginxEndPoint(request, endPoint, ports.get(label)),
  )
  return { ...healthCheck(request, ports), endPoints }
}

/** The check goes to the configured endpoint, or to the first by label; if that serves nothing there is none. */
function healthCheck(
  { config, proxy }: NginxContextRequest,
  ports: ReadonlyMap<string, number>,
): Pick<NginxContext, 'healthCheck'> {
  const check = config.healthCheck
  const [first] = proxy.endPoints.keys()
  const outgoingPort = ports.get(check?.endpoint ?? first ?? '')
  if (check === undefined || outgoingPort === undefined) return {}
  const { incomingPath, outgoingPath } = check
  return { healthCheck: { incomingPath, outgoingPath, outgoingPort } }
}

function nginxEndPoint(
  request: NginxContextRequest,
  { serverNames: names, etype }: EndPoint,
  port: number | undefined,
): NginxEndPoint {
  const common = { serverNames: names.join(' '), ...(port === undefined ? {} : { port }) }
  if (etype.type === 'httpOnly') return { http: common }
  const { letsencryptWwwDir } = request.config
  return {
    https: { ...common, ...certificatePaths(request, etype.certificate), letsencryptWwwDir },
  }
}

function certificatePaths(
  { config, fileExists }: NginxContextRequest,
  mode: CertificateMode,
): Pick<NginxHttpsEndPoint, 'sslCertPath' | 'sslCertKeyPath'> {
  if (mode.type === 'explicit') return { sslCertPath: mode.certificate, sslCertKeyPath: mode.key }
  const live = `${config.letsencryptPrefixDir}/etc/letsencrypt/live/${config.autoCertName}`
  const certificate = `${live}/fullchain.pem`
  const key = `${live}/privkey.pem`
  return {
    ...(fileExists(certificate) ? { sslCertPath: certificate } : {}),
    ...(fileExists(key) ? { sslCertKeyPath: key } : {}),
  }
}
