import type { IncomingMessage, ServerResponse } from 'node:http'

import { hasBody, sendPage } from './error-page.ts'
import type { Expirable, ProxyState } from './proxy-state.ts'
import { buildHead, type RequestOrigin } from './request-head.ts'
import type { ResponseHead, ResponseSink } from './response-reader.ts'
import {
  openConnection,
  releaseConnection,
  takeIdle,
  type Upstream,
  type UpstreamConnection,
} from './upstream.ts'

/** One request of a visitor, checked. */
export interface Visit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly origin: RequestOrigin
  readonly host: string
  /** Host name without port, lowercase. */
  readonly name: string
  readonly target: string
  readonly requestId: string
  /** Bytes of answer sent so far, for the log. */
  bytes: number
  /** The deploy that answers, for the log. */
  deploy: string
  endpoint: string
}

const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/**
 * One request on its way to a deploy and the answer on its way back.
 *
 * Only a request without body and with an idempotent method goes over a connection that was used before, because a
 * server may close such a connection at the very moment it is used again; the request is then sent once more on a
 * fresh one. All others always get a fresh connection, so the race cannot happen to them.
 */
export class Exchange implements ResponseSink, Expirable {
  touched: number
  readonly patience: number
  readonly #state: ProxyState
  readonly #visit: Visit
  readonly #hasBody: boolean
  #upstream: Upstream
  #connection: UpstreamConnection | undefined
  #isConnected = false
  #tries = 1
  #hasHead = false
  #sentBytes = 0

  constructor(state: ProxyState, visit: Visit, upstream: Upstream) {
    this.#state = state
    this.#visit = visit
    this.#upstream = upstream
    this.#hasBody = hasBody(visit.request)
    this.touched = state.now
    this.patience = state.settings.timeout
  }

  start(): void {
    const { request, response } = this.#visit
    this.#state.underWay.add(this)
    response.once('close', () => this.#clientGone())
    const mayReuse = !this.#hasBody && idempotent.has(request.method ?? '')
    this.#send(mayReuse ? takeIdle(this.#upstream) : undefined, mayReuse)
  }

  head(head: ResponseHead): void {
    this.#touch()
    this.#hasHead = true
    const { response } = this.#visit
    if (this.#state.draining) head.headers.push('Connection', 'close')
    try {
      response.writeHead(head.status, head.reason, head.headers)
      // The head of a slow stream must not wait for its first event.
      if (!this.#isShort(head)) response.flushHeaders()
    } catch {
      this.#hasHead = response.headersSent
      this.broken()
    }
  }

  body(chunk: Buffer, last: boolean): void {
    const { response } = this.#visit
    if (this.#connection === undefined) return
    this.#touch()
    this.#visit.bytes += chunk.length
    if (last) {
      response.end(chunk)
      return
    }
    if (response.write(chunk)) return
    const socket = this.#connection?.socket
    socket?.pause()
    response.once('drain', () => {
      this.#touch()
      if (this.#connection?.socket === socket) socket?.resume()
    })
  }

  end(): void {
    const { response, request } = this.#visit
    const connection = this.#detach()
    if (connection === undefined) return
    // A deploy that answered before it had read the whole request is not asked again on this connection.
    if (this.#hasBody && !request.complete) connection.socket.destroy()
    else releaseConnection(connection, this.#state.now)
    if (!response.writableEnded) response.end()
  }

  broken(): void {
    this.#detach()?.socket.destroy()
    this.#fail(502)
  }

  expire(): void {
    const { request } = this.#visit
    const isWaitingForClient = this.#hasBody && !request.complete && !this.#hasHead
    this.#detach()?.socket.destroy()
    this.#fail(isWaitingForClient ? 408 : 504)
  }

  #send(idle: UpstreamConnection | undefined, keepAlive: boolean): void {
    const { request, origin, host, target, requestId } = this.#visit
    const connection = idle ?? openConnection(this.#upstream)
    this.#connection = connection
    this.#upstream.active += 1
    this.#visit.deploy = this.#upstream.key
    this.#isConnected = idle !== undefined
    connection.onClosed = () => this.#connectionLost(connection)
    connection.reader.expect(request.method ?? 'GET', this)
    connection.socket.write(
      buildHead(request, {
        origin,
        host,
        target,
        requestId,
        connection: keepAlive ? 'keep-alive' : 'close',
        chunked: request.headers['transfer-encoding'] !== undefined,
      }),
      'latin1',
    )
    if (idle === undefined) connection.socket.once('connect', () => this.#connected(connection))
  }

  #connected(connection: UpstreamConnection): void {
    this.#isConnected = true
    if (this.#hasBody && this.#connection === connection) this.#pumpBody()
  }

  /** Sends the request's body on, as fast as the deploy takes it. */
  #pumpBody(): void {
    const { request } = this.#visit
    const isChunked = request.headers['transfer-encoding'] !== undefined
    request.on('data', (chunk: Buffer) => this.#sendBody(chunk, isChunked))
    request.on('end', () => {
      if (isChunked) this.#connection?.socket.write('0\r\n\r\n')
    })
  }

  #sendBody(chunk: Buffer, isChunked: boolean): void {
    this.#touch()
    const { request } = this.#visit
    const { maxBody } = this.#state.settings
    const socket = this.#connection?.socket
    // The answer is already given: the rest of the body is read and thrown away.
    if (socket === undefined) return
    this.#sentBytes += chunk.length
    if (maxBody > 0 && this.#sentBytes > maxBody) {
      this.#detach()?.socket.destroy()
      this.#fail(413)
      return
    }
    const isFlowing = isChunked ? writeChunk(socket, chunk) : socket.write(chunk)
    if (isFlowing) return
    request.pause()
    socket.once('drain', () => request.resume())
    socket.once('close', () => request.resume())
  }

  #connectionLost(connection: UpstreamConnection): void {
    if (this.#connection !== connection) return
    const wasReused = connection.reused
    const hadAnswer = connection.reader.hasStarted()
    this.#detach()
    if (!hadAnswer && this.#tries < 3 && this.#tryAgain(wasReused)) return
    this.#fail(502)
  }

  /** Sends the request again where that cannot do it twice; false when it must fail. */
  #tryAgain(wasReused: boolean): boolean {
    const upstream = this.#state.live.find(this.#visit.name)?.upstream
    if (upstream === undefined) return false
    const hasMoved = upstream !== this.#upstream && !this.#isConnected
    if (!wasReused && !hasMoved) return false
    this.#tries += 1
    this.#upstream = upstream
    this.#send(undefined, false)
    return true
  }

  #clientGone(): void {
    this.#detach()?.socket.destroy()
    this.#state.underWay.delete(this)
  }

  /** Gives up the connection; answers it when it was still held. */
  #detach(): UpstreamConnection | undefined {
    const connection = this.#connection
    if (connection === undefined) return undefined
    this.#connection = undefined
    connection.onClosed = undefined
    this.#upstream.active -= 1
    return connection
  }

  #fail(status: number): void {
    const { request, response, requestId } = this.#visit
    if (response.headersSent || response.destroyed) {
      // A cut connection is the only way left to say that the answer is not whole.
      response.destroy()
      return
    }
    sendPage(request, response, {
      status,
      requestId,
      close: this.#state.draining || status === 408,
    })
  }

  #isShort(head: ResponseHead): boolean {
    return head.headers.some(
      (field, at) => at % 2 === 0 && field.length === 14 && /^content-length$/i.test(field),
    )
  }

  #touch(): void {
    this.touched = this.#state.now
  }
}

function writeChunk(socket: UpstreamConnection['socket'], chunk: Buffer): boolean {
  socket.cork()
  socket.write(`${chunk.length.toString(16)}\r\n`)
  socket.write(chunk)
  const isFlowing = socket.write('\r\n')
  socket.uncork()
  return isFlowing
}
