import { createServer as createHttpServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

import type { Certificates } from './certificates.ts'
import { plainAddress, type ClientConnections } from './client-connections.ts'
import type { Doors } from './listeners.ts'
import type { ProxyState } from './proxy-state.ts'
import { serveRequest } from './serve-request.ts'
import { serveUpgrade } from './tunnel.ts'

/** What happens to a connection that comes in: TLS where it is due, then HTTP/1.1. */
export function createDoors(
  state: ProxyState,
  clients: ClientConnections,
  certificates: Certificates,
): Doors {
  const server = createRequestServer(state, clients)
  const enter = (socket: Socket, secure: boolean): void => {
    const peer = plainAddress(socket.remoteAddress)
    socket.on('error', () => undefined)
    clients.add(socket, { peer, secure, trusted: state.isTrusted(peer) }, state.now)
    server.emit('connection', socket)
  }
  const secureServer = createTlsServer(
    {
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: 15_000,
      SNICallback: (name, done) => {
        const context = certificates.find(name)
        done(context === undefined ? new Error(`no certificate for ${name}`) : null, context)
      },
    },
    (socket) => enter(socket, true),
  )
  secureServer.on('tlsClientError', (_error, socket) => socket.destroy())
  return {
    http: (socket) => enter(socket, false),
    https: (socket) => {
      socket.on('error', () => undefined)
      secureServer.emit('connection', socket)
    },
  }
}

function createRequestServer(state: ProxyState, clients: ClientConnections): Server {
  const server = createHttpServer({
    maxHeaderSize: 32 * 1024,
    requestTimeout: 0,
    keepAliveTimeout: 0,
    // h2c and other upgrades are answered as plain HTTP/1.1, which their senders must accept.
    shouldUpgradeCallback: (request) => /^websocket$/i.test(request.headers.upgrade ?? ''),
  })
  server.on('request', (request, response) => {
    const client = clients.of(request.socket)
    if (client === undefined) return void response.destroy()
    client.served = true
    serveRequest(state, client, request, response)
  })
  server.on('upgrade', (request, socket, first) => {
    const client = clients.of(socket as Socket)
    if (client === undefined) socket.destroy()
    else serveUpgrade(state, client, request, first)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
    refuseBytes(error, socket as Socket),
  )
  return server
}

/** What cannot be parsed gets a short answer and no second chance. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const line =
    error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
  socket.end(`HTTP/1.1 ${line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
}
