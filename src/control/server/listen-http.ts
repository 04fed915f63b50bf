import { createServer, ServerResponse, type IncomingMessage } from 'node:http'
import { createServer as createDoor, type AddressInfo, type Server, type Socket } from 'node:net'

import { ioError } from '../../system/index.ts'
import { createTlsDoor } from '../../trust/index.ts'

export interface HttpOptions {
  readonly address: string
  /** 0: any free one. */
  readonly port: number
  /** Key and certificate; plain HTTP without. */
  readonly pem: string | undefined
  /** Whether an address may connect at all. */
  readonly admits: (address: string | undefined) => boolean
  readonly answer: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>
}

export interface HttpListener {
  readonly address: string
  readonly port: number
  connections(): number
  /** New connections get this certificate; only where there is TLS. */
  renew(pem: string): void
  /** Listens no more, lets requests end for `grace` milliseconds, then cuts connections. */
  close(grace: number): Promise<void>
}

const mostConnections = 20_000
const mostOfAddress = 10_000
/** Milliseconds from the connection, or from the last answer, to the end of the next request's head. */
const [firstHeadTime, nextHeadTime] = [10_000, 65_000] as const

/** Listens, and keeps slow and idle callers from holding more than a socket for a while. */
export async function listenHttp(options: HttpOptions): Promise<HttpListener> {
  const sockets = new Map<Socket, Visit>()
  const http = createServer({ maxHeaderSize: 16 * 1024, requireHostHeader: true })
  http.headersTimeout = firstHeadTime
  // Whoever reads a body limits its time by its size; large ones take longer than any one number.
  http.requestTimeout = 0
  http.keepAliveTimeout = nextHeadTime
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const { socket } = incoming
    const visit = sockets.get(socket)
    if (visit !== undefined) beginRequest(visit)
    outgoing.once('close', () => {
      if (visit !== undefined) endRequest(socket, visit)
      // What was held until now kept its connection open for more.
      if (isClosing) socket.end()
    })
    if (isClosing) outgoing.setHeader('connection', 'close')
    void options.answer(incoming, outgoing)
  }
  http.on('request', answer)
  http.on('checkContinue', answer)
  http.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')
    else socket.destroy()
  })
  let isClosing = false
  const ofAddress = new Map<string, number>()
  http.prependListener('connection', (socket: Socket) => {
    const from = socket.remoteAddress ?? ''
    const count = ofAddress.get(from) ?? 0
    const isTooMany = sockets.size >= mostConnections || count >= mostOfAddress
    if (isTooMany || !options.admits(socket.remoteAddress)) return socket.destroy()
    ofAddress.set(from, count + 1)
    const visit = openVisit(socket)
    sockets.set(socket, visit)
    socket.once('close', () => {
      clearTimeout(visit.timer)
      sockets.delete(socket)
      const left = (ofAddress.get(from) ?? 1) - 1
      if (left > 0) ofAddress.set(from, left)
      else ofAddress.delete(from)
    })
    socket.on('error', () => socket.destroy())
  })
  const tls = options.pem === undefined ? undefined : createTlsDoor(http, options.pem)
  const door: Server =
    tls?.server ?? createDoor({ noDelay: true }, (socket) => void http.emit('connection', socket))
  door.maxConnections = mostConnections
  await listening(door, options)
  const { address, port } = door.address() as AddressInfo
  return {
    address,
    port,
    connections: () => sockets.size,
    renew: (pem) => tls?.renew(pem),
    close: async (grace) => {
      isClosing = true
      await closeDoor(door, sockets, grace)
    },
  }
}

/** A connection: the requests on it, and the timer while there are none. */
interface Visit {
  requests: number
  timer: NodeJS.Timeout | undefined
}

function openVisit(socket: Socket): Visit {
  const visit: Visit = { requests: 0, timer: undefined }
  cutAfter(socket, visit, firstHeadTime)
  return visit
}

function beginRequest(visit: Visit): void {
  visit.requests += 1
  clearTimeout(visit.timer)
  visit.timer = undefined
}

function endRequest(socket: Socket, visit: Visit): void {
  visit.requests -= 1
  clearTimeout(visit.timer)
  if (visit.requests === 0 && !socket.destroyed) cutAfter(socket, visit, nextHeadTime)
}

function cutAfter(socket: Socket, visit: Visit, milliseconds: number): void {
  visit.timer = setTimeout(() => socket.destroy(), milliseconds)
}

async function listening(door: Server, { address, port }: HttpOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    door.once('error', (error) => reject(ioError(`${address}:${port}`, error)))
    door.listen(port, address, resolve)
  })
  // Out of descriptors: the next ones are taken when some are free again.
  door.on('error', () => undefined)
}

async function closeDoor(
  door: Server,
  sockets: ReadonlyMap<Socket, Visit>,
  grace: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => door.close(() => resolve()))
  for (const [socket, visit] of sockets) if (visit.requests === 0) socket.destroy()
  const cut = setTimeout(() => {
    for (const socket of sockets.keys()) socket.destroy()
  }, grace)
  await closed
  clearTimeout(cut)
}
