import {
  bootId,
  describeEnd,
  identify,
  isAlive,
  pathExists,
  processOwner,
  signalProcess,
  type Clock,
  type ProcessIdentity,
} from '../../system/index.ts'
import type { ServiceSpec } from '../drivers/process-driver.ts'
import type { OwnProcesses } from '../hooks/own-processes.ts'
import { removeService, writeService, type ServiceRecord } from './keeper-files.ts'
import { endService, launchService, serviceProcesses, type ServiceChild } from './launch-service.ts'
import { countCrashes, restartDelay, type RestartPolicy } from './restart-delay.ts'

export interface KeepContext {
  readonly runDir: string
  readonly clock: Clock
  readonly restart: RestartPolicy
  readonly log: (line: string) => void
}

/** One service under supervision. */
export interface KeptService {
  readonly spec: ServiceSpec
  /** Settles with the stop that is under way, if one is. */
  readonly stopping: Promise<void> | undefined
  /** Ends a wait for the next try, so that it is tried now. */
  hurry(): void
  /** Stops it and forgets it. @throws AppError `stop-failed` when something of it is left even after SIGKILL. */
  stop(): Promise<void>
}

/** Starts a new service, or takes over what runs of it unrecorded; throws when its first process cannot be started at all. */
export function keepNew(spec: ServiceSpec, context: KeepContext): KeptService {
  const record: ServiceRecord = {
    spec,
    bootId: bootId(),
    wanted: 'running',
    main: undefined,
    restarts: 0,
    lastEnd: undefined,
  }
  const service = new SupervisedService(record, context)
  try {
    if (!service.adoptUnrecorded()) service.launch()
  } catch (error) {
    removeService(context.runDir, spec)
    throw error
  }
  service.supervise()
  return service
}

/** Goes on with what an earlier keeper kept: a process that still runs is not restarted. */
export function keepAgain(record: ServiceRecord, context: KeepContext): KeptService {
  const service = new SupervisedService(record, context)
  service.adopt()
  service.supervise()
  return service
}

class SupervisedService implements KeptService {
  #record: ServiceRecord
  readonly #context: KeepContext
  readonly #processes: OwnProcesses
  /** Set while the main process is our own child; an adopted one is watched by its identity. */
  #child: ServiceChild | undefined
  /** Set while we wait for the next try. */
  #wake: AbortController | undefined
  #stopping: Promise<void> | undefined
  #memoryKills: number

  constructor(record: ServiceRecord, context: KeepContext) {
    this.#record = record
    this.#context = context
    this.#processes = serviceProcesses(context.runDir, record.spec)
    this.#memoryKills = this.#processes.outOfMemoryKills()
  }

  get spec(): ServiceSpec {
    return this.#record.spec
  }

  get stopping(): Promise<void> | undefined {
    return this.#stopping
  }

  hurry(): void {
    this.#wake?.abort()
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end().finally(() => {
      this.#stopping = undefined
    })
    return this.#stopping
  }

  launch(): void {
    // Noted before the start, so that a keeper that follows looks for a process of this service.
    this.#save({ wanted: 'running', main: undefined })
    this.#child = launchService(this.#context.runDir, this.spec)
    this.#save({ main: identify(this.#child.pid ?? 0) })
  }

  /** The recorded process, or the first of our marked ones where the keeper died before it could record it. */
  adopt(): void {
    const { main } = this.#record
    if (main !== undefined && isAlive(main)) return
    this.#save({ main: oldest(this.#processes.pids()) })
  }

  /** Takes over a process whose record is lost, as when somebody cleared the run directory; false when there is none. */
  adoptUnrecorded(): boolean {
    const { socket, owner, logFile } = this.spec
    // It never ran: looking through all processes is dear.
    if (!pathExists(logFile)) return false
    // Nobody can connect any more to a process whose socket file is gone.
    if (socket !== undefined && !pathExists(socket)) return false
    const uid = owner?.uid ?? process.geteuid?.()
    // Everybody can give a process our marker; what runs as another account is not ours.
    const main = oldest(this.#processes.pids().filter((pid) => processOwner(pid) === uid))
    if (main === undefined) return false
    this.#save({ main })
    return true
  }

  supervise(): void {
    this.#keepRunning().catch((error: unknown) => {
      this.#context.log(`${this.spec.app}/${this.spec.label} is no longer kept: ${String(error)}`)
    })
  }

  async #keepRunning(): Promise<void> {
    const { clock, restart } = this.#context
    for (let crashes = 0; ;) {
      const startedAt = clock.monotonic()
      const end = await this.#waitForEnd()
      if (this.#isUnwanted()) return
      crashes = countCrashes(restart, crashes, clock.monotonic() - startedAt)
      await this.#afterCrash(end, restartDelay(restart, crashes))
      if (this.#isUnwanted()) return
      this.#tryLaunch()
    }
  }

  /** A start that fails (no memory, no disk) is a crash like another, and waits for its turn. */
  #tryLaunch(): void {
    try {
      this.launch()
    } catch (error) {
      this.#child = undefined
      this.#save({ lastEnd: error instanceof Error ? error.message : String(error) })
    }
  }

  async #waitForEnd(): Promise<string> {
    const { main } = this.#record
    const child = this.#child
    if (child !== undefined) {
      const end = await endOf(child)
      this.#child = undefined
      return describeEnd(end) + this.#memoryReason()
    }
    if (main === undefined) return this.#record.lastEnd ?? 'was not found running'
    while (isAlive(main)) await this.#context.clock.sleep(100)
    return `ended; how is not known, because an earlier keeper had started it${this.#memoryReason()}`
  }

  async #afterCrash(end: string, delay: number): Promise<void> {
    const { clock, log } = this.#context
    const { app, label, grace } = this.spec
    this.#save({ main: undefined, lastEnd: end, restarts: this.#record.restarts + 1 })
    log(`${app}/${label} ${end}; next start in ${delay} ms`)
    // Children of the ended process may still hold its port.
    await this.#processes.end({ clock, grace, signal: this.spec.stopSignal })
    if (this.#isUnwanted()) return
    this.#wake = new AbortController()
    await clock.sleep(delay, this.#wake.signal).catch(() => undefined)
    this.#wake = undefined
  }

  async #end(): Promise<void> {
    const { clock, runDir } = this.#context
    const { grace, stopSignal } = this.spec
    this.#save({ wanted: 'stopped' })
    this.hurry()
    const deadline = clock.monotonic() + grace
    const { main } = this.#record
    // The main process first and alone: it knows best how its children are to end.
    if (main !== undefined && signalProcess(main, stopSignal)) {
      while (isAlive(main) && clock.monotonic() < deadline) await clock.sleep(10)
    }
    const left = Math.max(0, deadline - clock.monotonic())
    await endService(runDir, { ...this.spec, grace: left }, clock)
    removeService(runDir, this.spec)
  }

  #isUnwanted(): boolean {
    return this.#record.wanted === 'stopped'
  }

  #memoryReason(): string {
    const kills = this.#processes.outOfMemoryKills()
    const grew = kills > this.#memoryKills
    this.#memoryKills = kills
    return grew ? ' (out of memory)' : ''
  }

  #save(change: Partial<ServiceRecord>): void {
    this.#record = { ...this.#record, ...change }
    writeService(this.#context.runDir, this.#record)
  }
}

function endOf(
  child: ServiceChild,
): Promise<{ status: number | null; signal: NodeJS.Signals | null; timedOut: boolean }> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve({ status: child.exitCode, signal: child.signalCode, timedOut: false })
  }
  return new Promise((resolve) => {
    child.once('exit', (status, signal) => resolve({ status, signal, timedOut: false }))
  })
}

function oldest(pids: readonly number[]): ProcessIdentity | undefined {
  const processes = pids.flatMap((pid) => identify(pid) ?? [])
  return processes.toSorted((left, right) => Number(left.startTime) - Number(right.startTime))[0]
}
