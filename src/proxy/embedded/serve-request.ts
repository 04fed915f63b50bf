import type { IncomingMessage, ServerResponse } from 'node:http'

import type { ClientConnection } from './client-connections.ts'
import { sendPage } from './error-page.ts'
import { Exchange, type Visit } from './exchange.ts'
import type { LiveRoute } from './live-routes.ts'
import type { ProxyState } from './proxy-state.ts'
import { checkHead, type CheckedHead } from './request-head.ts'

/** Answers one request of a visitor: from a deploy, or with a page of our own. */
export function serveRequest(
  state: ProxyState,
  client: ClientConnection,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  client.active += 1
  const head = checkHead(request)
  const visit = openVisit(state, client, { request, response, head })
  const startedAt = performance.now()
  response.once('close', () => {
    client.active -= 1
    client.since = state.now
    if (state.settings.accessLog) logVisit(state, visit, performance.now() - startedAt)
  })
  if ('refused' in head) refuse(state, visit, head.refused, head.reason)
  else routeRequest(state, visit)
}

/** An id for one request: the visitor's own when it is harmless, else a new one. */
export function requestIdOf(state: ProxyState, request: IncomingMessage): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && /^[\w.-]{1,128}$/.test(given) ? given : state.nextRequestId()
}

function openVisit(
  state: ProxyState,
  client: ClientConnection,
  arrival: {
    readonly request: IncomingMessage
    readonly response: ServerResponse
    readonly head: CheckedHead
  },
): Visit {
  const { request, response, head } = arrival
  const isRefused = 'refused' in head
  return {
    request,
    response,
    origin: client,
    host: isRefused ? '-' : head.host,
    name: isRefused ? '' : head.name,
    target: isRefused ? '-' : head.target,
    requestId: requestIdOf(state, request),
    bytes: 0,
    deploy: '-',
    endpoint: '-',
  }
}

function routeRequest(state: ProxyState, visit: Visit): void {
  const { settings, live } = state
  if (settings.healthPath !== undefined && pathOf(visit.target) === settings.healthPath) {
    answerHealth(state, visit)
    return
  }
  const found = live.find(visit.name)
  if (found === undefined) {
    refuse(state, visit, 404)
    return
  }
  visit.endpoint = found.route.endpoint.name
  serveRoute(state, visit, found)
}

function serveRoute(state: ProxyState, visit: Visit, { route, upstream }: LiveRoute): void {
  const { tls } = route.endpoint
  const { request, origin } = visit
  if (tls?.redirect && !origin.secure && !isForwardedSecurely(visit)) redirect(state, visit)
  else if (upstream === undefined) refuse(state, visit, 503)
  else if (isTooLarge(state, request)) refuse(state, visit, 413)
  else new Exchange(state, visit, upstream).start()
}

function refuse(state: ProxyState, visit: Visit, status: number, detail?: string): void {
  const { request, response, requestId } = visit
  const close = state.draining || status === 400
  const words = detail === undefined ? {} : { detail }
  sendPage(request, response, { status, requestId, close, ...words })
}

/** For a load balancer in front: 200 while this process takes requests, 503 once it is leaving. */
function answerHealth(state: ProxyState, { response }: Visit): void {
  const body = state.draining ? 'leaving\n' : 'ok\n'
  const headers = ['Content-Type', 'text/plain', 'Content-Length', String(body.length)]
  headers.push('Cache-Control', 'no-store')
  if (state.draining) headers.push('Connection', 'close')
  response.writeHead(state.draining ? 503 : 200, headers)
  response.end(body)
}

function redirect(state: ProxyState, { request, response, name, target }: Visit): void {
  const port = state.settings.https?.port ?? 443
  const authority = port === 443 ? name : `${name}:${port}`
  const isSimple = request.method === 'GET' || request.method === 'HEAD'
  const headers = ['Location', `https://${authority}${target}`, 'Content-Length', '0']
  if (state.draining) headers.push('Connection', 'close')
  response.writeHead(isSimple ? 301 : 308, headers)
  response.end()
}

/** Whether a trusted proxy in front says that the visitor came by https. */
function isForwardedSecurely({ origin, request }: Visit): boolean {
  return origin.trusted && request.headers['x-forwarded-proto'] === 'https'
}

function isTooLarge({ settings }: ProxyState, request: IncomingMessage): boolean {
  return settings.maxBody > 0 && Number(request.headers['content-length'] ?? 0) > settings.maxBody
}

function logVisit(state: ProxyState, visit: Visit, milliseconds: number): void {
  const { request, response, origin } = visit
  state.log.add({
    peer: origin.peer,
    method: request.method ?? '-',
    host: visit.host,
    path: pathOf(visit.target),
    status: response.headersSent ? response.statusCode : 499,
    bytes: visit.bytes,
    milliseconds,
    endpoint: visit.endpoint,
    deploy: visit.deploy,
    requestId: visit.requestId,
  })
}

function pathOf(target: string): string {
  const query = target.indexOf('?')
  return query === -1 ? target : target.slice(0, query)
}
