import { connect, type Socket } from 'node:net'

import { targetKey } from '../route-changes.ts'
import type { Target } from '../routes.ts'
import { ResponseReader } from './response-reader.ts'

/** One deploy as the proxy sees it, with the connections it keeps to it. */
export interface Upstream {
  /** `APP/LABEL`. */
  readonly key: string
  readonly target: Target
  /** Requests and upgraded connections that are under way. */
  active: number
  readonly idle: UpstreamConnection[]
  /** No route leads here any more: nothing is kept. */
  retired: boolean
}

export interface UpstreamConnection {
  readonly socket: Socket
  readonly reader: ResponseReader
  readonly upstream: Upstream
  /** Whether it has carried a request before. */
  reused: boolean
  /** Coarse time at which it became idle. */
  idleSince: number
  /** Called once when the connection has ended; undefined while idle. */
  onClosed: (() => void) | undefined
}

const maxIdle = 128

/** Below the 5 s after which servers commonly close idle connections. */
const idleLifetime = 4000

export function createUpstream(target: Target): Upstream {
  return { key: targetKey(target), target, active: 0, idle: [], retired: false }
}

/** Opens a connection; whoever gets it sets `onClosed` at once. */
export function openConnection(upstream: Upstream): UpstreamConnection {
  const { target } = upstream
  const socket =
    target.kind === 'tcp'
      ? connect({ port: target.port, host: '127.0.0.1', noDelay: true })
      : connect({ path: `${target.directory}/app.sock` })
  const connection: UpstreamConnection = {
    socket,
    reader: new ResponseReader(),
    upstream,
    reused: false,
    idleSince: 0,
    onClosed: undefined,
  }
  let isTorn = false
  socket.on('data', (chunk) => {
    if (connection.onClosed === undefined) socket.destroy()
    else connection.reader.push(chunk)
  })
  socket.on('error', () => {
    isTorn = true
  })
  socket.on('end', () => endFromOutside(connection))
  socket.on('close', () => {
    dropIdle(connection)
    // Without a byte of the answer the owner may try again; what has begun is ended by the reader.
    if (connection.reader.hasStarted()) connection.reader.closed(isTorn ? 'torn' : 'ended')
    const { onClosed } = connection
    connection.onClosed = undefined
    onClosed?.()
  })
  return connection
}

/** An idle connection that looks alive, or undefined. */
export function takeIdle(upstream: Upstream): UpstreamConnection | undefined {
  for (;;) {
    const connection = upstream.idle.pop()
    if (connection === undefined) return undefined
    const { socket, reader } = connection
    if (!socket.destroyed && socket.writable && reader.isReusable()) return connection
    connection.socket.destroy()
  }
}

/** Gives a connection back after a whole response, or closes it when it may not be used again. */
export function releaseConnection(connection: UpstreamConnection, now: number): void {
  const { upstream, socket } = connection
  connection.onClosed = undefined
  const isWelcome = !upstream.retired && upstream.idle.length < maxIdle
  if (!isWelcome || !connection.reader.isReusable() || socket.destroyed) {
    socket.destroy()
    return
  }
  // A visitor who read slowly, or left, may have stopped it; the next one does not wait for them.
  socket.resume()
  connection.reused = true
  connection.idleSince = now
  upstream.idle.push(connection)
}

/** Closes connections that have been idle for too long. */
export function closeOldIdle(upstream: Upstream, now: number): void {
  while (upstream.idle[0] !== undefined && now - upstream.idle[0].idleSince > idleLifetime) {
    upstream.idle.shift()?.socket.destroy()
  }
}

/** Marks a deploy as left by every route. Requests under way go on, nothing else does. */
export function retireUpstream(upstream: Upstream): void {
  upstream.retired = true
  for (const connection of upstream.idle.splice(0)) connection.socket.destroy()
}

function endFromOutside(connection: UpstreamConnection): void {
  // While a tunnel is open the other direction may still flow; its owner ends it.
  if (connection.onClosed === undefined) connection.socket.destroy()
}

function dropIdle(connection: UpstreamConnection): void {
  const at = connection.upstream.idle.indexOf(connection)
  if (at !== -1) connection.upstream.idle.splice(at, 1)
}
