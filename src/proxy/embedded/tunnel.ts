import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

import type { ClientConnection } from './client-connections.ts'
import { renderPage } from './error-page.ts'
import type { Expirable, ProxyState } from './proxy-state.ts'
import { buildHead, checkHead } from './request-head.ts'
import type { ResponseHead, ResponseSink } from './response-reader.ts'
import { requestIdOf } from './serve-request.ts'
import { openConnection, type Upstream, type UpstreamConnection } from './upstream.ts'

/** Milliseconds without a byte in either direction after which a tunnel is closed. */
const tunnelPatience = 60 * 60 * 1000

/** Answers a request to upgrade to WebSocket; `first` are bytes that already came after its head. */
export function serveUpgrade(
  state: ProxyState,
  client: ClientConnection,
  request: IncomingMessage,
  first: Buffer,
): void {
  const head = checkHead(request)
  const requestId = requestIdOf(state, request)
  const refuse = (status: number): void => refuseUpgrade(client, request, { status, requestId })
  if ('refused' in head) {
    refuse(head.refused)
    return
  }
  const found = state.live.find(head.name)
  if (found?.upstream === undefined) {
    refuse(found === undefined ? 404 : 503)
    return
  }
  const onward = { origin: client, host: head.host, target: head.target, requestId } as const
  const bytes = buildHead(request, { ...onward, connection: 'websocket', chunked: false })
  new Tunnel({ state, client, upstream: found.upstream, refuse }).start(bytes, first)
}

interface TunnelEnds {
  readonly state: ProxyState
  readonly client: ClientConnection
  readonly upstream: Upstream
  readonly refuse: (status: number) => void
}

/** A visitor's connection joined to a connection of a deploy; counts as one open connection of the deploy. */
class Tunnel implements ResponseSink, Expirable {
  touched: number
  patience: number
  readonly #ends: TunnelEnds
  readonly #connection: UpstreamConnection
  #hasHead = false
  #isOver = false

  constructor(ends: TunnelEnds) {
    this.#ends = ends
    this.touched = ends.state.now
    this.patience = ends.state.settings.timeout
    ends.upstream.active += 1
    ends.client.upgraded = true
    ends.state.underWay.add(this)
    this.#connection = openConnection(ends.upstream)
  }

  start(head: string, first: Buffer): void {
    const { socket: visitor } = this.#ends.client
    const { socket: deploy, reader } = this.#connection
    this.#connection.onClosed = () => this.#deployGone()
    reader.expect('GET', this)
    deploy.write(head, 'latin1')
    if (first.length > 0) deploy.write(first)
    visitor.on('data', (chunk) => this.#pass(chunk, visitor, deploy))
    visitor.on('end', () => deploy.end())
    visitor.on('error', () => this.#finish())
    visitor.once('close', () => this.#finish())
  }

  head(head: ResponseHead): void {
    this.#hasHead = true
    this.touched = this.#ends.state.now
    if (head.upgraded) this.patience = tunnelPatience
    const fields = head.upgraded ? [...head.headers, 'Connection', 'Upgrade'] : withoutFraming(head)
    this.#ends.client.socket.write(renderHead(head, fields), 'latin1')
  }

  body(chunk: Buffer): void {
    this.#pass(chunk, this.#connection.socket, this.#ends.client.socket)
  }

  end(): void {
    this.#ends.client.socket.end()
    this.#finish('keep visitor')
  }

  broken(): void {
    if (!this.#hasHead) this.#refuse(502)
    this.#finish(this.#hasHead ? undefined : 'keep visitor')
  }

  expire(): void {
    if (!this.#hasHead) this.#refuse(504)
    this.#finish(this.#hasHead ? undefined : 'keep visitor')
  }

  #refuse(status: number): void {
    this.#ends.refuse(status)
  }

  #pass(chunk: Buffer, from: Socket, to: Socket): void {
    this.touched = this.#ends.state.now
    if (to.write(chunk)) return
    from.pause()
    to.once('drain', () => from.resume())
  }

  #deployGone(): void {
    if (this.#hasHead) this.#ends.client.socket.end()
    else this.#refuse(502)
    this.#finish('keep visitor')
  }

  #finish(visitor?: 'keep visitor'): void {
    if (this.#isOver) return
    this.#isOver = true
    const { state, upstream, client } = this.#ends
    upstream.active -= 1
    state.underWay.delete(this)
    this.#connection.onClosed = undefined
    this.#connection.socket.destroy()
    if (visitor === undefined) client.socket.destroy()
  }
}

/** The answer of a deploy that did not upgrade ends with its connection, so lengths are left out. */
function withoutFraming(head: ResponseHead): string[] {
  const fields: string[] = []
  for (let at = 0; at < head.headers.length; at += 2) {
    const name = head.headers[at] ?? ''
    if (name.toLowerCase() !== 'content-length') fields.push(name, head.headers[at + 1] ?? '')
  }
  return [...fields, 'Connection', 'close']
}

function renderHead(head: Pick<ResponseHead, 'status' | 'reason'>, fields: string[]): string {
  let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n`
  for (let at = 0; at < fields.length; at += 2) text += `${fields[at]}: ${fields[at + 1]}\r\n`
  return `${text}\r\n`
}

function refuseUpgrade(
  client: ClientConnection,
  request: IncomingMessage,
  page: { readonly status: number; readonly requestId: string },
): void {
  const { requestId, status } = page
  const { headers, body } = renderPage(status, request.headers.accept, { requestId, close: true })
  const reason = STATUS_CODES[status] ?? ''
  client.socket.end(renderHead({ status, reason }, headers) + body)
}
