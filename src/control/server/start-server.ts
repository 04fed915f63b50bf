import { openSystemd, sluiceVersion, systemClock, type Secret } from '../../system/index.ts'
import type { Identity } from '../../trust/index.ts'
import { makeFirstAdmin } from '../access/first-admin.ts'
import { openProstagmaDoor } from '../prostagma/prostagma-door.ts'
import { keepReleasesPruned } from '../releases/keep-releases-pruned.ts'
import type { Services } from '../routes/route.ts'
import { routes } from '../routes/table.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Storage } from '../storage/storage.ts'
import { openHookDoor } from '../triggers/sources/hook-door.ts'
import { createAnswering } from './answer-request.ts'
import { assertSafeToListen, isLoopback, plainAddress } from './exposure.ts'
import { createRouter } from './find-route.ts'
import { createHandler, type HandlerOptions } from './handle-requests.ts'
import { openHeldAnswers } from './held-answers.ts'
import { listenHttp, type HttpListener } from './listen-http.ts'
import { openRateLimits } from './rate-limits.ts'
import { keepIdentity, readCertificate, storageLocation } from './server-files.ts'
import { logBug, openServerLog, type ServerLog } from './server-log.ts'
import { closeParts, openParts, type ServerParts } from './server-parts.ts'

export interface ServerOptions {
  readonly settings: ServerSettings
  /** Allows plain HTTP that other machines can reach. */
  readonly insecureHttp?: boolean
  /** Gets lines of the log. */
  readonly write: (line: string) => void
  readonly environment: Readonly<Record<string, string | undefined>>
}

export interface ControlServer {
  readonly url: string
  readonly identity: Identity
  readonly epoch: string
  /** At the first start only, and again while nobody has used it. */
  readonly firstAdmin: Secret | undefined
  /** Lets requests end, makes durable what was acknowledged, and ends. */
  close(): Promise<void>
}

/** Milliseconds that requests have to end. */
const grace = 5000

/**
 * Starts the control server; it is ready when this resolves.
 * @throws AppError `server-insecure`, `config-invalid`, `locked`, `key-exposed`, `database-unavailable`.
 */
export async function startServer(options: ServerOptions): Promise<ControlServer> {
  const { settings, insecureHttp = false } = options
  assertSafeToListen(settings, { insecureHttp })
  const definitions = new Map(Object.entries(settings.triggers))
  const hooks = openHookDoor(definitions)
  const prostagma = openProstagmaDoor(settings)
  const pem = readCertificate(settings, clock)
  const storage = await openStorage(storageLocation(settings))
  const parts = await partsOver(storage, settings)
  try {
    for (const name of definitions.keys()) await storage.triggers.define({ name, at: clock.now() })
    return await openDoor(options, { ...parts, definitions, hooks, prostagma, pem })
  } catch (thrown) {
    await parts.triggers.close()
    await parts.agents.close()
    await closeParts(parts)
    throw thrown
  }
}

async function partsOver(storage: Storage, settings: ServerSettings) {
  try {
    const identity = await keepIdentity(settings.state, storage, clock.now())
    return openParts(storage, identity, settings)
  } catch (thrown) {
    await storage.close()
    throw thrown
  }
}

const clock = systemClock

interface Inside extends ServerParts {
  readonly definitions: Services['definitions']
  readonly hooks: Services['hooks']
  readonly prostagma: Services['prostagma']
  readonly pem: string | undefined
}

/** Everything is there; lets callers in. */
async function openDoor(options: ServerOptions, inside: Inside): Promise<ControlServer> {
  const { settings, environment } = options
  const { storage, identity, tokens, metrics, agents, pem } = inside
  const log = openServerLog(options.write, clock)
  let isOpen = true
  const services: Services = { ...inside, clock, isOpen: () => isOpen }
  const answer = createHandler({
    settings,
    services,
    log,
    answering: answeringOf(inside, { settings, services, log }),
  })
  const listener = await listenHttp({ ...settings.listen, pem, admits: admits(settings), answer })
  metrics.gauge('sluice_http_connections', 'Open connections.', () => listener.connections())
  metrics.gauge('sluice_agent_polls', 'Polls of agents that are held.', () => agents.waiting())
  const firstAdmin = await makeFirstAdmin(tokens, storage, clock)
  await recordOwn(inside, 'start-server')
  const url = urlOf(listener, pem !== undefined)
  log.info('listening', { url, version: sluiceVersion, epoch: storage.epoch })
  const renewal = keepRenewing(settings, listener, log)
  const ending = new AbortController()
  const pruning = keepReleasesPruned({ ...services, settings: settings.releases }, ending.signal)
  const systemd = openSystemd({ environment, clock })
  await systemd.ready()
  async function close(): Promise<void> {
    isOpen = false
    clearInterval(renewal)
    log.info('closing')
    await systemd.stopping()
    // Held answers end now; everybody else has their grace.
    const closed = listener.close(grace)
    agents.letGo()
    inside.fleet.letGo()
    await inside.triggers.close()
    await closed
    await agents.close()
    ending.abort()
    await pruning
    await recordOwn(inside, 'stop-server').catch((thrown: unknown) => logBug(log, thrown))
    systemd.close()
    await closeParts(inside)
    log.info('closed')
  }
  let closed: Promise<void> | undefined
  return {
    url,
    identity,
    epoch: storage.epoch,
    firstAdmin,
    close: () => (closed ??= close()),
  }
}

function answeringOf(
  { audit }: Inside,
  { settings, services, log }: Pick<HandlerOptions, 'settings' | 'services' | 'log'>,
) {
  return createAnswering({
    router: createRouter(routes),
    limits: openRateLimits(clock, { rates: settings.limits }),
    held: openHeldAnswers(),
    services,
    audit,
    onBug: (thrown) => logBug(log, thrown),
  })
}

/** A deed of the server itself. */
async function recordOwn({ audit, identity }: Inside, what: string): Promise<void> {
  const who = `server ${identity.id}`
  await audit.record({ who, what, object: sluiceVersion, from: 'here', outcome: 'ok' })
}

/** With plain HTTP behind declared proxies only these, and this machine, may connect. */
function admits({ tls, trustedProxies }: ServerSettings) {
  const isClosed = tls.mode === 'off' && trustedProxies.length > 0
  return (address: string | undefined): boolean => {
    const peer = plainAddress(address)
    return !isClosed || isLoopback(peer) || trustedProxies.includes(peer)
  }
}

/** Certificates end while a server runs: looks once a day, and at files that somebody has replaced. */
function keepRenewing(
  settings: ServerSettings,
  listener: HttpListener,
  log: ServerLog,
): NodeJS.Timeout {
  const renew = (): void => {
    try {
      const pem = readCertificate(settings, clock)
      if (pem !== undefined) listener.renew(pem)
    } catch (thrown) {
      logBug(log, thrown)
    }
  }
  return setInterval(renew, 24 * 60 * 60_000).unref()
}

function urlOf({ address, port }: HttpListener, isTls: boolean): string {
  const host = address.includes(':') ? `[${address}]` : address
  return `${isTls ? 'https' : 'http'}://${host}:${port}`
}
