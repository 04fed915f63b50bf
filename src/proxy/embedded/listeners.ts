import { readdirSync, readlinkSync } from 'node:fs'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

import { AppError } from '../../errors/index.ts'
import { tcpListenerInodes } from '../../system/index.ts'
import type { ListenAddress, ProxySettings } from '../proxy-settings.ts'

/** What comes in by which door. */
export interface Doors {
  readonly http: (socket: Socket) => void
  readonly https: (socket: Socket) => void
}

type Door = keyof Doors

/** The public listening sockets of a proxy process. */
export interface Listeners {
  /** Moves to other addresses where they differ: the new one listens before the old one is closed. */
  adjust(settings: Pick<ProxySettings, Door>): Promise<void>
  addresses(): Partial<Record<Door, ListenAddress>>
  /** Open descriptors of the listening sockets, for a successor. */
  descriptors(): number[]
  /** Stops accepting; open connections stay. */
  close(): void
}

interface Listening {
  readonly wanted: ListenAddress
  readonly server: Server
}

/** First descriptor a predecessor passes on; 0 to 2 are the standard streams. */
const firstInherited = 3

/**
 * Opens the public doors, on listening sockets inherited from a predecessor where there are any.
 * @throws AppError `proxy-failed` when an address cannot be had.
 */
export async function openListeners(
  settings: Pick<ProxySettings, Door>,
  doors: Doors,
  inheritedCount: number,
): Promise<Listeners> {
  const open = new Map<Door, Listening>()
  const inherited = await adoptSockets(inheritedCount)

  async function adjust(wanted: Pick<ProxySettings, Door>): Promise<void> {
    for (const door of ['http', 'https'] as const) {
      const address = wanted[door]
      const present = open.get(door)
      if (isSameAddress(present?.wanted, address)) continue
      if (address === undefined) open.delete(door)
      else open.set(door, await openDoor(address, doors[door], inherited))
      present?.server.close()
    }
  }

  await adjust(settings)
  for (const server of inherited.splice(0)) server.close()
  return {
    adjust,
    addresses: () =>
      Object.fromEntries([...open].map(([door, { server }]) => [door, boundAddress(server)])),
    descriptors: () => [...open.values()].map(({ server }) => findDescriptor(server)),
    close: () => {
      for (const { server } of open.values()) server.close()
      open.clear()
    },
  }
}

async function openDoor(
  address: ListenAddress,
  enter: (socket: Socket) => void,
  inherited: Server[],
): Promise<Listening> {
  const at = inherited.findIndex((server) => serves(server, address))
  const [adopted] = at === -1 ? [] : inherited.splice(at, 1)
  const server = adopted ?? (await listen({ host: address.address, port: address.port }))
  server.on('connection', enter)
  // Connections that a predecessor's socket brought before the door was known are not lost either.
  for (const socket of early.get(server) ?? []) enter(socket)
  early.delete(server)
  return { wanted: address, server }
}

const early = new WeakMap<Server, Socket[]>()

/** net.Server takes a descriptor in both runtimes; http.Server of Bun says it does and serves nobody. */
async function adoptSockets(count: number): Promise<Server[]> {
  const servers: Server[] = []
  for (let index = 0; index < count; index++) {
    const server = await listen({ fd: firstInherited + index })
    const waiting: Socket[] = []
    early.set(server, waiting)
    server.on('connection', (socket) => {
      if (early.has(server)) waiting.push(socket)
    })
    servers.push(server)
  }
  return servers
}

function listen(where: { fd: number } | { host: string; port: number }): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true })
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(where, error)))
    server.listen({ ...where, backlog: 4096 }, () => {
      server.removeAllListeners('error')
      // Running out of descriptors shows here; the listener itself lives on.
      server.on('error', () => undefined)
      resolve(server)
    })
  })
}

function listenError(
  where: { fd: number } | { host: string; port: number },
  error: Error,
): AppError {
  const place = 'fd' in where ? `inherited descriptor ${where.fd}` : `${where.host}:${where.port}`
  return new AppError('proxy-failed', `cannot listen on ${place}: ${error.message}`, {
    hint: 'see which program has it with `ss -ltnp`, or choose another address',
    cause: error,
  })
}

function boundAddress(server: Server): ListenAddress {
  const { address, port } = server.address() as AddressInfo
  return { address, port }
}

function serves(server: Server, wanted: ListenAddress): boolean {
  const bound = boundAddress(server)
  return wanted.port === 0 || (bound.port === wanted.port && bound.address === wanted.address)
}

function isSameAddress(left: ListenAddress | undefined, right: ListenAddress | undefined): boolean {
  return left?.address === right?.address && left?.port === right?.port
}

/** Which of our descriptors a listening socket is; neither runtime has a public call for it. */
function findDescriptor(server: Server): number {
  const { port } = boundAddress(server)
  const inodes = new Set(tcpListenerInodes(port).map((inode) => `socket:[${inode}]`))
  for (const name of readdirSync('/proc/self/fd')) {
    if (inodes.has(readDescriptor(name))) return Number(name)
  }
  throw new AppError('bug', `no descriptor listens on port ${port}`)
}

function readDescriptor(name: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${name}`)
  } catch {
    // The descriptor of the listing itself is gone by now.
    return ''
  }
}
