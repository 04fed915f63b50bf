import type { Server } from 'node:http'
import { createServer, type Server as TlsServer, type TLSSocket } from 'node:tls'

/** TLS in front of an HTTP server that listens nowhere itself. */
export interface TlsDoor {
  /** Listens, closes and reports errors. */
  readonly server: TlsServer
  /** New connections get this certificate; those that are open keep theirs. */
  renew(pem: string): void
}

/**
 * Makes the door. Not `https.createServer`: under Bun its requests have sockets without `exportKeyingMaterial`, on which
 * no identity can be proved. A connection that fails its handshake concerns nobody and is closed.
 */
export function createTlsDoor(http: Server, pem: string): TlsDoor {
  const server = createServer({
    ...contextOf(pem),
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: 10_000,
  })
  server.on('secureConnection', (socket: TLSSocket) => http.emit('connection', socket))
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return { server, renew: (next) => server.setSecureContext(contextOf(next)) }
}

function contextOf(pem: string) {
  return { key: pem, cert: pem, minVersion: 'TLSv1.2' as const }
}
