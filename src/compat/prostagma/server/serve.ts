import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import {
  noWall,
  openRelay,
  openStorage,
  openTriggers,
  openWall,
  type CacheLimits,
  type Wall,
} from '../../../control/index.ts'
import { AppError } from '../../../errors/index.ts'
import {
  childEnvironment,
  proxyFromEnvironment,
  randomText,
  removeTree,
  untilAborted,
  type Clock,
} from '../../../system/index.ts'
import type { Environment } from '../../../terminal/index.ts'
import type { Log } from '../log.ts'
import type { ListenPlace, ServerSettings } from '../settings.ts'
import { answer } from './answer.ts'
import type { ServerContext } from './server-context.ts'
import { createServerMetrics } from './server-metrics.ts'
import { makeStateDirectory, usualPlaces } from './state-directory.ts'

export interface ServeOptions {
  readonly env: Environment
  readonly log: Log
  readonly clock: Clock
  /** Asks the server to end. */
  readonly signal: AbortSignal
}

/** Milliseconds that answers under way have to come to their end. */
const closingTime = 5000

/** Serves until it is asked to end. @throws AppError when it cannot listen or its state cannot be read. */
export async function serve(settings: ServerSettings, options: ServeOptions): Promise<void> {
  const { env, log, clock, signal } = options
  const { address, state: given } = settings
  if (settings.secret === '') log.error('PROSTAGMA_SECRET is empty: everybody may do everything')
  const state = makeStateDirectory(given, usualPlaces(address, env))
  if (!state.isLasting) log.error('Counts are lost with a restart', { path: state.path })
  const storage = await openStorage(
    { kind: 'sqlite', path: join(state.path, 'state.db') },
    { clock },
  )
  const triggers = openTriggers({ storage, clock, randomText, names: 'lenient' })
  const cache = join(state.path, 'cache')
  log.info('Cleaning cache', { path: cache })
  const relay = openRelay({
    directory: cache,
    wall: wallOf(settings, env),
    limits: limitsOf(settings),
    clock,
  })
  const metrics = createServerMetrics(triggers, relay)
  const context = { settings, triggers, relay, metrics, log, signal, childEnv: childEnvironment() }
  try {
    await listenUntil(settings.listen, context)
  } finally {
    await relay.close()
    await triggers.close()
    await storage.close()
    if (!state.isLasting) removeTree(state.path)
  }
}

/** Without a list everything may be fetched, by the proxies of the environment. */
function wallOf({ allow }: ServerSettings, env: Environment): Wall {
  if (allow !== undefined) return openWall({ origins: allow, allowPrivate: true })
  return { ...noWall, chooseProxy: proxyFromEnvironment(env) }
}

function limitsOf({ cacheAge, cacheBytes }: ServerSettings): CacheLimits {
  return { bytes: cacheBytes, fileBytes: cacheBytes, age: cacheAge, free: keptFree }
}

/** Bytes of the disk that the counts may grow into, whatever is fetched. */
const keptFree = 256 * 1024 * 1024

async function listenUntil(place: ListenPlace, context: ServerContext): Promise<void> {
  const server = createServer(requestLimits, (request, response) => {
    void answer(request, response, context)
  })
  server.maxConnections = mostConnections
  const { address, port } = await listen(server, place)
  server.on('error', (error) => context.log.error('Cannot accept', { error: error.message }))
  context.log.info('Listening', {
    addr: `${address.includes(':') ? `[${address}]` : address}:${port}`,
  })
  await untilAborted(context.signal)
  await close(server)
}

/** Milliseconds for a request's head and for the whole of it; a request is small. */
const requestLimits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16 * 1024,
}
/** Each client that holds a poll has one. */
const mostConnections = 10_000

function listen(server: Server, { host, port }: ListenPlace): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new AppError('io-failed', `cannot listen: ${error.message}`, { cause: error }))
    })
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      resolve(server.address() as AddressInfo)
    })
  })
}

/** Takes no more connections, lets answers come to their end, and cuts off those that do not. */
async function close(server: Server): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), closingTime)
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
  clearTimeout(timer)
}
