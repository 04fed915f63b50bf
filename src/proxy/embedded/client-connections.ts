import type { Socket } from 'node:net'

import type { RequestOrigin } from './request-head.ts'

/** One open connection of a visitor. */
export interface ClientConnection extends RequestOrigin {
  readonly socket: Socket
  /** Requests under way on it. */
  active: number
  /** Coarse time since which it waits for a request. */
  since: number
  /** Whether it became a tunnel (WebSocket), which ends on its own terms. */
  upgraded: boolean
  served: boolean
}

/** All open connections of visitors; time-outs are ours, because servers fed by `emit('connection')` have none. */
export interface ClientConnections {
  add(socket: Socket, origin: RequestOrigin, now: number): ClientConnection
  of(socket: Socket): ClientConnection | undefined
  count(): number
  /** Closes those that have waited too long for a request. */
  sweep(now: number): void
  /** Closes all that wait for a request. */
  closeIdle(): void
  closeAll(): void
}

/** Milliseconds for the head of a first request. */
const firstHeadWithin = 15_000
/** Milliseconds between requests: above the 60 s of common load balancers, so that they close first. */
const keepAliveFor = 75_000

export function createClientConnections(): ClientConnections {
  const open = new Map<Socket, ClientConnection>()
  const idle = (): ClientConnection[] =>
    [...open.values()].filter((client) => client.active === 0 && !client.upgraded)
  return {
    add: (socket, origin, now) => {
      const client = { ...origin, socket, active: 0, since: now, upgraded: false, served: false }
      open.set(socket, client)
      socket.once('close', () => open.delete(socket))
      return client
    },
    of: (socket) => open.get(socket),
    count: () => open.size,
    sweep: (now) => {
      for (const client of idle()) {
        const patience = client.served ? keepAliveFor : firstHeadWithin
        if (now - client.since > patience) client.socket.destroy()
      }
    },
    closeIdle: () => {
      for (const client of idle()) client.socket.destroy()
    },
    closeAll: () => {
      for (const socket of open.keys()) socket.destroy()
    },
  }
}

/** The address as people write it: IPv4 in IPv6 clothing loses it. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
