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
    const visit = sockets.get(incoming.socket)
    visit?.begin()
    outgoing.once('close', () => {
      visit?.end()
      // What was held until now kept its connection open for more.
      if (isClosing) incoming.socket.end()
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
      visit.close()
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

/** A connection and what it is waited for. */
interface Visit {
  isIdle(): boolean
  begin(): void
  end(): void
  close(): void
}

function openVisit(socket: Socket): Visit {
  let requests = 0
  let timer = setTimeout(() => socket.destroy(), firstHeadTime)
  return {
    isIdle: () => requests === 0,
    begin: () => {
      requests += 1
      clearTimeout(timer)
    },
    end: () => {
      requests -= 1
      clearTimeout(timer)
      if (requests === 0 && !socket.destroyed)
        timer = setTimeout(() => socket.destroy(), nextHeadTime)
    },
    close: () => clearTimeout(timer),
  }
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
  for (const [socket, visit] of sockets) if (visit.isIdle()) socket.destroy()
  const cut = setTimeout(() => {
    for (const socket of sockets.keys()) socket.destroy()
  }, grace)
  await closed
  clearTimeout(cut)
}
