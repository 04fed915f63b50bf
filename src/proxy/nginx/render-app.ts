import { createHash } from 'node:crypto'

import { AppError } from '../../errors/index.ts'
import type { ListenAddress, ProxyPlace, ProxySettings } from '../proxy-settings.ts'
import type { Endpoint, Route } from '../routes.ts'
import { unavailablePages } from './render-pages.ts'

export interface RenderOptions extends ProxyPlace {
  readonly mode: 'socket' | 'reload'
  readonly settings: ProxySettings
  /** The app, or `_any` for endpoints that are nobody's. */
  readonly owner: string
}

/** A file for nginx and how to see that nginx really uses it. */
export interface AppConfig {
  readonly text: string
  /** sha256 of the text without its own mention; read back at `/config`. */
  readonly digest: string
}

const digestMark = '@config-digest@'

/**
 * The nginx configuration of one app's endpoints. Pure. Every value is checked against its grammar; nothing is ever
 * escaped. No server is a default server, so another site of this nginx keeps what it had.
 * @throws AppError `endpoint-unsuitable`, `config-invalid`
 */
export function renderAppConfig(routes: readonly Route[], options: RenderOptions): AppConfig {
  const { owner } = options
  const servers = routes.flatMap((route) => renderEndpoint(route, options))
  const draft = `# Made by sluice from its routes for ${checked(owner, ownerGrammar)}. Changes are overwritten.
map $http_upgrade $sluice_connection { default close; "~*^websocket$" upgrade; }
map $http_upgrade $sluice_upgrade { default ""; "~*^websocket$" websocket; }
map $http_host $sluice_port { default ""; "~(?<sluice_port_part>:[0-9]+)$" $sluice_port_part; }
log_format sluice-${owner} '$time_iso8601 $remote_addr $request_method $host $uri $status $body_bytes_sent $request_time $request_id';
${renderReadBack(routes, options)}
${servers.join('\n')}
`
  const digest = createHash('sha256').update(draft).digest('hex')
  return { text: draft.replace(digestMark, digest), digest }
}

/** The host name under which nginx tells what it serves, to this host only; `.invalid` is nobody's. */
export function readBackHost(owner: string): string {
  return `${owner.replace(/[^a-z0-9]/g, '-')}.generation.sluice.invalid`
}

/** The link that a switch swaps in mode `socket`. */
export function endpointLink(place: ProxyPlace, endpoint: string): string {
  return `${place.runDir}/ep/${endpoint}`
}

const pathGrammar = /^\/[A-Za-z0-9._/-]+$/
const ownerGrammar = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/
const serverNameGrammar = /^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*$/
const addressGrammar = /^[0-9a-f.:]+$/i
const networkGrammar = /^[0-9a-f.:]+(?:\/\d{1,3})?$/i

function renderEndpoint(route: Route, options: RenderOptions): string[] {
  const { endpoint } = route
  const { http, https } = options.settings
  if (endpoint.tls === undefined) return [renderServer(route, options, listenLine(http))]
  if (https === undefined) {
    throw new AppError(
      'config-invalid',
      `endpoint ${endpoint.name} has tls, but proxy.https is not set`,
    )
  }
  const secure = `${listenLine(https, ' ssl')}
  ssl_certificate ${checkedPath(endpoint.tls.certificate)};
  ssl_certificate_key ${checkedPath(endpoint.tls.key)};
  ssl_protocols TLSv1.2 TLSv1.3;`
  const plain = endpoint.tls.redirect
    ? renderRedirect(endpoint, options, https)
    : renderServer(route, options, listenLine(http))
  return [plain, renderServer(route, options, secure)]
}

function renderServer(route: Route, options: RenderOptions, listen: string): string {
  const { endpoint } = route
  const { settings } = options
  const guard = renderGuard(route, options)
  return `server {
  ${listen}
  server_name ${serverNames(endpoint)};
  ${accessLog(options)}
  client_max_body_size ${wholeNumber(settings.maxBody)};
  open_file_cache off;
${realAddress(settings)}${health(settings)}${unavailablePages}
  location / {
    ${guard}
    proxy_http_version 1.1;
    proxy_set_header Host $host$sluice_port;
    proxy_set_header Connection $sluice_connection;
    proxy_set_header Upgrade $sluice_upgrade;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $host$sluice_port;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Request-Id $request_id;
    proxy_set_header Forwarded "";
    proxy_redirect off;
    proxy_request_buffering off;
    proxy_connect_timeout 5s;
    proxy_read_timeout ${wholeNumber(settings.timeout)}ms;
    proxy_send_timeout ${wholeNumber(settings.timeout)}ms;
  }
}
`
}

/** Where requests go, and 503 while that is nowhere. */
function renderGuard(route: Route, options: RenderOptions): string {
  const { endpoint, target } = route
  if (options.mode === 'socket') {
    const link = checkedPath(endpointLink(options, endpoint.name))
    assertSocketPath(`${link}/app.sock`)
    return `if (!-f ${link}/connected) { return 503; }
    proxy_pass http://unix:${link}/app.sock;`
  }
  if (target === undefined) return 'return 503;'
  if (target.kind === 'tcp') return `proxy_pass http://127.0.0.1:${wholeNumber(target.port)};`
  assertSocketPath(`${target.directory}/app.sock`)
  return `proxy_pass http://unix:${checkedPath(target.directory)}/app.sock;`
}

function renderRedirect(endpoint: Endpoint, options: RenderOptions, https: ListenAddress): string {
  const port = https.port === 443 ? '' : `:${wholeNumber(https.port)}`
  return `server {
  ${listenLine(options.settings.http)}
  server_name ${serverNames(endpoint)};
  ${accessLog(options)}
${health(options.settings)}  location / {
    if ($request_method !~ "^(GET|HEAD)$") { return 308 https://$host${port}$request_uri; }
    return 301 https://$host${port}$request_uri;
  }
}
`
}

/** A server for this host's own questions: which configuration, and which generation of each endpoint. */
function renderReadBack(routes: readonly Route[], options: RenderOptions): string {
  const { http } = options.settings
  const own = ['127.0.0.1', '::1', ...(isWildcard(http.address) ? [] : [http.address])]
  const locations = routes.map((route) => renderGeneration(route, options))
  return `server {
  ${listenLine(http)}
  server_name ${checked(readBackHost(options.owner), serverNameGrammar)};
  access_log off;
  open_file_cache off;
  default_type text/plain;
  ${own.map((address) => `allow ${checked(address, addressGrammar)};`).join(' ')} deny all;
  location = /config { return 200 "${digestMark}"; }
${locations.join('')}  location / { return 404; }
}`
}

function renderGeneration(route: Route, options: RenderOptions): string {
  const { name } = route.endpoint
  const place = `  location = /generation/${checked(name, /^[a-z0-9-]+$/)}`
  if (options.mode === 'reload') {
    return `${place} { return 200 "${wholeNumber(route.generation)}"; }\n`
  }
  return `${place} { alias ${checkedPath(endpointLink(options, name))}/generation; }\n`
}

function serverNames(endpoint: Endpoint): string {
  if (endpoint.serverNames.length > 0) {
    return endpoint.serverNames.map((name) => checked(name, serverNameGrammar)).join(' ')
  }
  throw new AppError('endpoint-unsuitable', `endpoint ${endpoint.name} has no serverNames`, {
    hint: 'behind nginx an endpoint needs host names, or it would take other sites their requests; or use the embedded proxy',
  })
}

function listenLine({ address, port }: ListenAddress, flags = ''): string {
  const host = address.includes(':') ? `[${address}]` : address
  checked(address, addressGrammar)
  return `listen ${host}:${wholeNumber(port)}${flags};`
}

function accessLog({ settings, root, owner }: RenderOptions): string {
  if (!settings.accessLog) return 'access_log off;'
  return `access_log ${checkedPath(`${root}/log/nginx-${owner}.log`)} sluice-${owner};`
}

function health(settings: ProxySettings): string {
  if (settings.healthPath === undefined) return ''
  const path = checkedPath(settings.healthPath)
  return `  location = ${path} { access_log off; default_type text/plain; return 200 "ok\\n"; }\n`
}

function realAddress(settings: ProxySettings): string {
  const trusted = settings.trustedProxies ?? []
  if (trusted.length === 0) return ''
  const lines = trusted.map(
    (network) => `  set_real_ip_from ${checked(network, networkGrammar)};\n`,
  )
  return `${lines.join('')}  real_ip_header X-Forwarded-For;\n  real_ip_recursive on;\n`
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

function wholeNumber(value: number): string {
  return checked(String(value), /^\d{1,15}$/)
}

function checkedPath(path: string): string {
  if (path.split('/').includes('..')) throw notInGrammar(path)
  return checked(path, pathGrammar)
}

function checked(value: string, grammar: RegExp): string {
  if (!grammar.test(value)) throw notInGrammar(value)
  return value
}

function notInGrammar(value: string): AppError {
  return new AppError(
    'config-invalid',
    `${JSON.stringify(value).slice(0, 100)} cannot stand in an nginx configuration`,
  )
}

function assertSocketPath(path: string): void {
  if (Buffer.byteLength(path) <= 107) return
  throw new AppError('endpoint-unsuitable', `${path} is too long for a unix socket (107 bytes)`, {
    hint: 'choose a shorter runDir',
  })
}
