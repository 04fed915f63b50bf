import {
  request as requestHttp,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction, Socket } from 'node:net'
import type { Readable } from 'node:stream'

import { AppError, errnoOf } from '../errors/index.ts'
import { requestByProxy, type ChooseProxy, type ProxiedOptions } from './http-proxy.ts'
import { showUrl, type Secret } from './secret.ts'

// The door to other machines' HTTP servers. Every request has a connection of its own, so that a retry looks the
// name up afresh and is not sent into a connection that is already dead.

export interface UrlRequest {
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  /** Value of the Authorization header; goes to the origin of `url` only. */
  readonly authorization?: Secret | undefined
  /** Milliseconds until the answer's headers must be there, and longest silence after that. */
  readonly timeout: number
  readonly signal?: AbortSignal
  /** Where it may go; anywhere, by at most five redirects and never from https to http, unless given. */
  readonly gate?: UrlGate
}

/** Decides where a request may go. It is asked again for every redirect and every connection. */
export interface UrlGate {
  readonly mostRedirects: number
  /** Looks at an address before anything is done with it. @throws AppError. */
  checkUrl(url: URL, redirectedFrom: URL | undefined): void
  /** Resolves names instead of the system; an address that it does not answer is not connected to. */
  readonly lookup?: LookupFunction
  /** Looks at the address that was connected to, before anything is sent. @throws AppError. */
  checkConnected?(address: string): void
  /** The proxy to ask instead; the two looks above are then at the proxy's address. */
  readonly chooseProxy?: ChooseProxy
}

export interface UrlAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Where the answer came from, after redirects. */
  readonly url: URL
  /** To be read to its end, or destroyed. */
  readonly body: Readable
}

const usualGate: UrlGate = {
  mostRedirects: 5,
  checkUrl: (url, redirectedFrom) => {
    if (redirectedFrom !== undefined) assertMayFollow(redirectedFrom, url)
  },
}

/**
 * Asks for a URL and follows redirects as far as the gate allows.
 * @throws AppError `download-failed`, `retryable` when the network was the reason; what the gate throws.
 */
export async function openUrl(request: UrlRequest): Promise<UrlAnswer> {
  const { mostRedirects, ...gate } = request.gate ?? usualGate
  let { url } = request
  gate.checkUrl(url, undefined)
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const answer = await ask(url, request)
    const next = redirectOf(answer, url)
    if (next === undefined) {
      return { status: answer.statusCode ?? 0, headers: answer.headers, url, body: answer }
    }
    answer.destroy()
    gate.checkUrl(next, url)
    url = next
  }
  throw new AppError(
    'download-failed',
    `${showUrl(request.url)} redirects more than ${mostRedirects} times`,
  )
}

/** Reads a body as a whole. @throws AppError `download-failed` beyond `limit` bytes. */
export async function readBody(answer: UrlAnswer, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of answer.body) {
      size += (chunk as Buffer).length
      if (size > limit) {
        throw new AppError('download-failed', `${showUrl(answer.url)} has more than ${limit} bytes`)
      }
      chunks.push(chunk as Buffer)
    }
  } catch (error) {
    throw networkError(answer.url, error)
  }
  return Buffer.concat(chunks)
}

/** A failure on the way as an error that may be tried again; AppErrors pass through. */
export function networkError(url: URL, thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  const isCertificate = /CERT|SSL|TLS/.test(errnoOf(thrown) ?? '')
  return new AppError('download-failed', `${showUrl(url)}: ${reason}`, {
    retryable: !isCertificate,
    ...(isCertificate
      ? { hint: "look at the server's certificate, and at this host's clock" }
      : {}),
    cause: thrown,
  })
}

async function ask(url: URL, request: UrlRequest): Promise<IncomingMessage> {
  const { signal } = request
  try {
    return await answerTo(await begin(url, request), request)
  } catch (error) {
    throw signal?.aborted === true ? toError(signal.reason) : networkError(url, error)
  }
}

async function begin(url: URL, request: UrlRequest): Promise<ClientRequest> {
  const { signal, timeout, gate } = request
  const options: ProxiedOptions = {
    agent: false,
    timeout,
    headers: headersFor(url, request),
    ...(signal === undefined ? {} : { signal }),
    ...(gate?.lookup === undefined ? {} : { lookup: gate.lookup }),
  }
  const proxy = gate?.chooseProxy?.(url)
  if (proxy !== undefined) return await requestByProxy(withoutUser(url), proxy, options)
  return (url.protocol === 'https:' ? requestHttps : requestHttp)(withoutUser(url), options)
}

function answerTo(sent: ClientRequest, { gate, timeout }: UrlRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('socket', (socket) => checkConnection(socket, gate, (error) => sent.destroy(error)))
    sent.setTimeout(timeout, () => sent.destroy(new Error(`no answer within ${timeout} ms`)))
    sent.once('error', reject)
    sent.once('response', resolve)
    sent.end()
  })
}

/** First of all who hear of the connection, so that a refused one has nothing sent into it. */
function checkConnection(
  socket: Socket,
  gate: UrlGate | undefined,
  refuse: (error: Error) => void,
): void {
  if (gate?.checkConnected === undefined) return
  socket.prependOnceListener('connect', () => {
    try {
      gate.checkConnected?.(socket.remoteAddress ?? '')
    } catch (error) {
      refuse(toError(error))
    }
  })
}

function headersFor(url: URL, request: UrlRequest): Record<string, string> {
  const isSameOrigin = url.origin === request.url.origin
  const { authorization, headers } = request
  return {
    'accept-encoding': 'identity',
    'user-agent': 'sluice',
    ...headers,
    ...(authorization !== undefined && isSameOrigin
      ? { authorization: authorization.reveal() }
      : {}),
  }
}

/** A user name in a redirect must not become an Authorization header. */
function withoutUser(url: URL): URL {
  const plain = new URL(url)
  plain.username = ''
  plain.password = ''
  return plain
}

function redirectOf(answer: IncomingMessage, from: URL): URL | undefined {
  const isRedirect = [301, 302, 303, 307, 308].includes(answer.statusCode ?? 0)
  const { location } = answer.headers
  if (!isRedirect || location === undefined) return undefined
  if (URL.canParse(location, from.href)) return new URL(location, from)
  throw new AppError('download-failed', `${showUrl(from)} redirects to a malformed address`)
}

/** @throws AppError `download-failed` for a step down from https, or to anything that is not the web. */
export function assertMayFollow(from: URL, to: URL): void {
  const isWeb = to.protocol === 'https:' || to.protocol === 'http:'
  if (isWeb && (from.protocol === 'http:' || to.protocol === 'https:')) return
  throw new AppError('download-failed', `${showUrl(from)} redirects to ${showUrl(to)}`, {
    hint: 'a redirect from https to anything else is not followed',
  })
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new AppError('aborted', String(reason))
}
