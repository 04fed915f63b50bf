import type { IncomingMessage } from 'node:http'

/** What is known about the sender of a request besides the request itself. */
export interface RequestOrigin {
  /** Address of the other end of the connection. */
  readonly peer: string
  /** Whether that is a proxy of ours, whose X-Forwarded-* are believed. */
  readonly trusted: boolean
  readonly secure: boolean
}

/** A request as the proxy understood it, or why it is refused. */
export type CheckedHead =
  | {
      readonly host: string
      /** Host name without port, lowercase. */
      readonly name: string
      /** Path and query in origin form. */
      readonly target: string
    }
  | { readonly refused: number; readonly reason: string }

/** Finds host and target of a request; refuses what two programs could read in two ways. */
export function checkHead(
  request: Pick<IncomingMessage, 'rawHeaders' | 'url' | 'method'>,
): CheckedHead {
  const { rawHeaders, url = '', method } = request
  let host: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue
    if (host !== undefined) return { refused: 400, reason: 'two Host headers' }
    host = rawHeaders[index + 1] ?? ''
  }
  if (host === undefined) return { refused: 400, reason: 'no Host header' }
  if (!/^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(host)) {
    return { refused: 400, reason: 'malformed Host header' }
  }
  if (method === 'TRACE' || method === 'CONNECT')
    return { refused: 405, reason: `${method} is not served` }
  const target = originForm(url, host)
  if (target === undefined)
    return { refused: 400, reason: 'the request is for another host than its Host header' }
  return { host, name: hostName(host), target }
}

function originForm(url: string, host: string): string | undefined {
  if (url.startsWith('/') || url === '*') return url
  const absolute = /^https?:\/\/([^/?#]*)([^#]*)$/i.exec(url)
  if (absolute?.[1]?.toLowerCase() !== host.toLowerCase()) return undefined
  const rest = absolute[2] ?? ''
  return rest.startsWith('/') ? rest : `/${rest}`
}

function hostName(host: string): string {
  const name = host.replace(/:\d+$/, '').toLowerCase()
  return name.endsWith('.') ? name.slice(0, -1) : name
}

/** Fields that concern one connection only, and those that we set ourselves. */
const dropped = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'http2-settings',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-real-ip',
  'x-request-id',
])

/** How the request travels on. */
export interface OnwardRequest {
  readonly origin: RequestOrigin
  readonly host: string
  readonly target: string
  readonly requestId: string
  /** `keep-alive`, `close`, or the protocol to upgrade to. */
  readonly connection: 'keep-alive' | 'close' | 'websocket'
  readonly chunked: boolean
}

/** The bytes (latin1) of a request's head for the deploy. */
export function buildHead(
  request: Pick<IncomingMessage, 'method' | 'rawHeaders' | 'headers'>,
  onward: OnwardRequest,
): string {
  const { origin, connection } = onward
  const nominated = nominatedFields(request.headers.connection)
  const { rawHeaders } = request
  let head = `${request.method} ${onward.target} HTTP/1.1\r\n`
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const lower = name.toLowerCase()
    if (dropped.has(lower) || nominated?.has(lower)) continue
    head += `${name}: ${rawHeaders[index + 1]}\r\n`
  }
  if (onward.chunked) head += 'Transfer-Encoding: chunked\r\n'
  if (connection === 'websocket') head += 'Connection: Upgrade\r\nUpgrade: websocket\r\n'
  else head += `Connection: ${connection}\r\n`
  return `${head}${forwardedFields(request, onward, origin)}X-Request-Id: ${onward.requestId}\r\n\r\n`
}

function forwardedFields(
  request: Pick<IncomingMessage, 'headers'>,
  onward: OnwardRequest,
  origin: RequestOrigin,
): string {
  const given = origin.trusted ? request.headers : {}
  const earlier = single(given['x-forwarded-for'])
  const chain = earlier === undefined ? origin.peer : `${earlier}, ${origin.peer}`
  const scheme = single(given['x-forwarded-proto']) ?? (origin.secure ? 'https' : 'http')
  const host = single(given['x-forwarded-host']) ?? onward.host
  const client = single(given['x-real-ip']) ?? origin.peer
  return `X-Forwarded-For: ${chain}\r\nX-Forwarded-Proto: ${scheme}\r\nX-Forwarded-Host: ${host}\r\nX-Real-IP: ${client}\r\n`
}

/** Fields the sender names in Connection; Host and Content-Length stay, or two programs would read two requests. */
function nominatedFields(connection: string | undefined): Set<string> | undefined {
  if (connection === undefined || /^(?:keep-alive|close|upgrade)$/i.test(connection))
    return undefined
  const names = new Set(
    connection
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  )
  names.delete('host')
  names.delete('content-length')
  return names
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value
}
