import { AppError } from '../../errors/index.ts'
import {
  acquireLock,
  bootId,
  makeDirectory,
  openControlGroup,
  sluiceVersion,
  type Clock,
  type FileLock,
} from '../../system/index.ts'
import { capLog } from './cap-log.ts'
import { keepAgain, keepNew, type KeptService } from './keep-service.ts'
import { keepTimer, type KeptTimer } from './keep-timer.ts'
import {
  keeperDirectory,
  keeperLock,
  keeperSocket,
  listServices,
  listTimers,
  removeService,
  removeTimer,
} from './keeper-files.ts'
import type { KeeperRequest, KeeperStatus, RevertTimer, ServiceKey } from './keeper-protocol.ts'
import { serveRequests } from './serve-requests.ts'
import { defaultRestartPolicy, type RestartPolicy } from './restart-delay.ts'

export interface KeeperOptions {
  readonly runDir: string
  readonly clock: Clock
  /** When aborted the keeper ends and leaves what it keeps running. */
  readonly signal: AbortSignal
  readonly log: (line: string) => void
  /** Milliseconds without anything to keep after which the keeper ends; 30 seconds unless given. */
  readonly idle?: number
  readonly restart?: RestartPolicy
  /** Milliseconds between two looks at the sizes of logs; 1 second unless given. */
  readonly logInterval?: number
  /** Milliseconds between two tries of a revert that fails; 5 seconds unless given. */
  readonly revertRetry?: number
}

/** Why a keeper ended: nothing to keep, asked to, another one was there already, or its run directory was cleared. */
export type KeeperEnd = 'idle' | 'asked' | 'another' | 'lost'

/**
 * Supervises services and revert timers until there is none. One keeper runs per run directory, by a kernel lock.
 * What it keeps does not end with it: the next keeper adopts it.
 */
export async function serveKeeper(options: KeeperOptions): Promise<KeeperEnd> {
  makeDirectory(options.runDir)
  makeDirectory(keeperDirectory(options.runDir), 0o700)
  const lock = await takeLock(options)
  if (lock === undefined) return 'another'
  leaveForeignGroup()
  const keeper = new Keeper(options)
  try {
    keeper.adoptAll()
    return await keeper.serve()
  } finally {
    lock.release()
  }
}

class Keeper {
  readonly #options: KeeperOptions
  readonly #services = new Map<string, KeptService>()
  readonly #timers = new Map<string, KeptTimer>()
  readonly #ended = new AbortController()
  #lastRequest: number

  constructor(options: KeeperOptions) {
    this.#options = options
    this.#lastRequest = options.clock.monotonic()
  }

  /** Takes over what an earlier keeper left; records of an earlier boot name nothing that exists. */
  adoptAll(): void {
    const { runDir } = this.#options
    const boot = bootId()
    for (const record of listServices(runDir)) {
      if (record.bootId !== boot) {
        removeService(runDir, record.spec)
        continue
      }
      const service = keepAgain(record, this.#keepContext())
      this.#services.set(serviceName(record.spec), service)
      if (record.wanted === 'stopped') this.#stop(record.spec).catch(this.#tell)
    }
    for (const { timer, bootId: timerBoot } of listTimers(runDir)) {
      if (timerBoot === boot) this.#arm(timer)
      else removeTimer(runDir, timer.app, timer.deployment)
    }
  }

  async serve(): Promise<KeeperEnd> {
    const { runDir, clock, signal, idle = 30_000, logInterval = 1000 } = this.#options
    const server = await serveRequests(keeperSocket(runDir), (request) => this.#answer(request))
    const ended = AbortSignal.any([signal, this.#ended.signal])
    try {
      for (;;) {
        await clock.sleep(Math.min(logInterval, idle), ended).catch(() => undefined)
        if (ended.aborted) return 'asked'
        // Our lock is gone as well: the next keeper starts beside us, and two would fight over what they keep.
        if (server.isLost() && this.#timers.size === 0) return 'lost'
        this.#capLogs()
        if (server.isBusy() || !this.#isEmpty()) this.#lastRequest = clock.monotonic()
        if (clock.monotonic() - this.#lastRequest >= idle) return 'idle'
      }
    } finally {
      server.close()
    }
  }

  async #answer(request: KeeperRequest): Promise<KeeperStatus> {
    this.#lastRequest = this.#options.clock.monotonic()
    switch (request.type) {
      case 'start':
        await this.#start(request)
        break
      case 'stop':
        await this.#stop(request.key)
        break
      case 'arm':
        this.#arm(request.timer)
        break
      case 'disarm':
        this.#disarm(request.app, request.deployment)
        break
      case 'leave':
        setImmediate(() => this.#ended.abort())
        break
      case 'ping':
      case 'list':
        break
    }
    return this.#status()
  }

  async #start({ spec }: Extract<KeeperRequest, { type: 'start' }>): Promise<void> {
    const name = serviceName(spec)
    await this.#services.get(name)?.stopping
    const present = this.#services.get(name)
    if (present !== undefined) {
      present.hurry()
      return
    }
    this.#services.set(name, keepNew(spec, this.#keepContext()))
  }

  async #stop(key: ServiceKey): Promise<void> {
    const name = serviceName(key)
    const service = this.#services.get(name)
    if (service === undefined) return
    await service.stop()
    this.#services.delete(name)
  }

  #arm(timer: RevertTimer): void {
    this.#disarm(timer.app, timer.deployment)
    const name = timerName(timer.app, timer.deployment)
    const { runDir, clock, log, revertRetry = 5000 } = this.#options
    const kept = keepTimer(timer, {
      runDir,
      clock,
      log,
      retryAfter: revertRetry,
      finished: () => {
        if (this.#timers.get(name) === kept) this.#timers.delete(name)
      },
    })
    this.#timers.set(name, kept)
  }

  #disarm(app: string, deployment: string): void {
    const name = timerName(app, deployment)
    this.#timers.get(name)?.disarm()
    this.#timers.delete(name)
  }

  #capLogs(): void {
    for (const { spec } of this.#services.values()) {
      try {
        capLog(spec.logFile, spec.logLimit)
      } catch (error) {
        this.#tell(error)
      }
    }
  }

  #isEmpty(): boolean {
    return this.#services.size === 0 && this.#timers.size === 0
  }

  #status(): KeeperStatus {
    return {
      version: sluiceVersion,
      pid: process.pid,
      services: [...this.#services.values()].map(({ spec: { app, label } }) => ({ app, label })),
      timers: [...this.#timers.values()].map(({ timer }) => ({
        app: timer.app,
        deployment: timer.deployment,
        deadline: timer.deadline,
      })),
    }
  }

  #keepContext(): Parameters<typeof keepNew>[1] {
    const { runDir, clock, log, restart = defaultRestartPolicy } = this.#options
    return { runDir, clock, log, restart }
  }

  readonly #tell = (error: unknown): void => {
    this.#options.log(error instanceof Error ? error.message : String(error))
  }
}

async function takeLock(options: KeeperOptions): Promise<FileLock | undefined> {
  try {
    return await acquireLock(keeperLock(options.runDir), {
      purpose: 'keep services and timers',
      clock: options.clock,
    })
  } catch (error) {
    if (error instanceof AppError && error.code === 'locked') return undefined
    throw error
  }
}

/** We may have been started from within a hook, whose group is killed when the hook ends. */
function leaveForeignGroup(): void {
  openControlGroup('keeper')?.join(process.pid)
}

function serviceName({ app, label }: ServiceKey): string {
  return `${app}/${label}`
}

function timerName(app: string, deployment: string): string {
  return `${app}/${deployment}`
}
