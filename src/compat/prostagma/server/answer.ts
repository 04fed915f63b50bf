import type { IncomingMessage, ServerResponse } from 'node:http'

import { parseAsk } from '../../../control/index.ts'
import { toAppError } from '../../../errors/index.ts'
import { metricsType } from '../../../metrics/index.ts'
import { isSameSecret } from '../../../trust/index.ts'
import { cacheFromS3, cacheFromWeb, readCache } from './cache-routes.ts'
import { readBody } from './read-body.ts'
import type { Route, ServerContext } from './server-context.ts'
import { raiseTrigger, readTrigger } from './trigger-routes.ts'

const routes: ReadonlyMap<string, Readonly<Partial<Record<string, Route>>>> = new Map([
  ['/cache', { GET: readCache, POST: cacheFromWeb }],
  ['/cache/s3', { POST: cacheFromS3 }],
  ['/trigger', { GET: readTrigger, POST: raiseTrigger }],
])

/** Answers one request of a client, whatever it is. */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  context: ServerContext,
): Promise<void> {
  const ip = `${request.socket.remoteAddress}:${request.socket.remotePort}`
  const path = pathOf(request)
  response.once('finish', () => countRequest(request, response, path, context))
  // A client that goes away in the middle is no event.
  response.on('error', () => undefined)
  request.on('error', () => undefined)
  try {
    if (path === undefined) return void response.writeHead(400).end()
    if (path === '/metrics') return await sendMetrics(response, context)
    await answerRoute({ request, response, path, ip }, context)
  } catch (thrown) {
    // Not `request.destroyed`: a request whose body was read counts as destroyed.
    if (response.destroyed || response.socket?.destroyed !== false) return
    const error = toAppError(thrown)
    context.log.error('Could not answer', { ip, path: path ?? '', error: error.message })
    if (response.headersSent) response.destroy()
    else response.writeHead(500).end()
  }
}

interface Asked {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: string
  readonly ip: string
}

async function answerRoute(
  { request, response, path, ip }: Asked,
  context: ServerContext,
): Promise<void> {
  const methods = routes.get(path)
  if (methods === undefined) return notFound(response)
  const route = methods[request.method ?? '']
  if (route === undefined) return refuse(response, 405)
  const body = await readBody(request)
  if (body === undefined) return refuse(response, 413)
  const ask = parseAsk(body)
  if (ask === undefined) {
    context.log.info('Client provided a bad request body', { ip, path })
    return refuse(response, 400)
  }
  if (!isSameSecret(ask.secret, context.settings.secret)) {
    context.log.info('Client provided a bad secret', { ip, path })
    return refuse(response, 403)
  }
  await route({ request, response, ask, ip }, context)
}

/** The rest of the body, if there is one, is not waited for. */
function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, status === 413 ? { connection: 'close' } : {}).end()
}

function notFound(response: ServerResponse): void {
  response
    .writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
    .end('404 page not found\n')
}

async function sendMetrics(response: ServerResponse, { metrics }: ServerContext): Promise<void> {
  const page = await metrics.render()
  response.writeHead(200, { 'content-type': metricsType }).end(page)
}

/** Undefined for a request that two readers could understand differently. A doubled slash is one slash. */
function pathOf({ url = '', rawHeaders }: IncomingMessage): string | undefined {
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && /^host$/i.test(name))
  if (!url.startsWith('/') || hosts.length > 1) return undefined
  return url.replace(/[?#].*$/, '').replaceAll(/\/{2,}/g, '/')
}

function countRequest(
  { method }: IncomingMessage,
  { statusCode }: ServerResponse,
  path: string | undefined,
  { metrics }: ServerContext,
): void {
  const isKnown = path === '/metrics' || routes.has(path ?? '')
  const isUsual = /^(GET|POST|PUT|DELETE|HEAD|OPTIONS|PATCH)$/.test(method ?? '')
  metrics.requests.add({
    path: isKnown ? (path ?? '') : 'other',
    method: isUsual ? (method ?? '') : 'other',
    code: String(statusCode),
  })
}
