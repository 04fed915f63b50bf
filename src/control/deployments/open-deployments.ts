import { createHash } from 'node:crypto'

import { AppError } from '../../errors/index.ts'
import { isFinished, type HostReport } from '../../protocol/index.ts'
import type { Clock, RandomText } from '../../system/index.ts'
import type { Decider, StoredDeployment } from '../storage/deployment-records.ts'
import type { StoredDesires, TakenReports } from '../storage/desire-records.ts'
import type { Storage } from '../storage/storage.ts'
import { openBatches } from '../triggers/batches.ts'
import { pause } from '../triggers/prune.ts'
import { canonicalJson } from '../audit/audit-entry.ts'
import type { DeploymentRequest, Deployments, Requested } from './deployments.ts'
import { epochOf } from '../agents/agent-epoch.ts'
import { openEventWaits } from './event-waits.ts'
import { nextAction, type DeploymentLimits } from './next-action.ts'
import { refusalError } from './refusal-error.ts'
import { openSharedWork } from './shared-work.ts'

export interface DeploymentsOptions {
  readonly storage: Pick<Storage, 'deployments' | 'desires' | 'releases' | 'epoch' | 'isShared'>
  readonly clock: Clock
  readonly randomText: RandomText
  readonly limits: DeploymentLimits
  /** Hears of every deployment and every run of a script that has ended here. */
  readonly onFinished?: () => void
  /** Hears what hosts want a person to know. */
  readonly onReported?: (agent: string, taken: TakenReports) => void
  /** Milliseconds between looks at what has not ended; 1,000 unless told. */
  readonly lookEvery?: number
}

/** Opens the deployments of a database; see `Deployments`. */
export function openDeployments(options: DeploymentsOptions): Deployments {
  const { storage, clock, limits, lookEvery = 1000 } = options
  const { deployments, desires } = storage
  const decide = deciderOf(clock, limits)
  const waits = openEventWaits(storage, clock)
  const reads = openBatches(readDesires(storage), { largest: 500 })
  const shared = openSharedWork()
  const closing = new AbortController()

  async function advance(id: string, skipLocked = false): Promise<void> {
    const state = await deployments.advance(id, { at: clock.now(), decide: decide(), skipLocked })
    await waits.tell(id)
    if (state !== undefined && isFinished(state)) options.onFinished?.()
  }
  async function look(): Promise<void> {
    // One that cannot be advanced must not keep the others.
    for (const id of await deployments.unfinished(mostUnfinished))
      await advance(id, true).catch(() => undefined)
    if (storage.isShared) await waits.tellAll()
  }
  async function keepLooking(): Promise<void> {
    while (await pause(clock, lookEvery, closing.signal)) {
      // A database in trouble is asked again at the next look.
      await look().catch(() => undefined)
    }
  }
  const looking = keepLooking()
  return {
    look,
    request: async (request) => await requestDeployment(options, decide(), request),
    cancel: async (id, how) => {
      const stop = { code: 'aborted', message: `called off by ${how.by}: ${how.reason}` }
      await deployments.advance(id, { at: clock.now(), decide: decide(), stop })
      await advance(id)
      return assertCalledOff(id, await deployments.find(id))
    },
    eventsAfter: async (id, after, wait) => await waits.eventsAfter(id, after, wait),
    desiredOf: async (agent) => {
      const found = await reads.submit(agent)
      if (found === 'none') return undefined
      return { epoch: epochOf(storage.epoch, agent), at: clock.now(), ...found }
    },
    takeReports: async (agent, reports) => {
      const taken = await desires.takeReports(agent, reports, clock.now())
      if (taken === undefined) return undefined
      // First, since the reports count already: whoever sends them again is not heard again.
      options.onReported?.(agent, taken)
      for (const id of taken.deployments) await shared(id, () => advance(id))
      if (reports.some(endsScript)) options.onFinished?.()
      return taken.upTo
    },
    letGo: () => waits.close(),
    close: async () => {
      closing.abort()
      waits.close()
      await looking
      await reads.close()
    },
  }
}

const mostUnfinished = 1000

function endsScript({ body }: HostReport): boolean {
  return body.kind === 'script-state' && body.state !== 'running'
}

/** Decides by the time at which its transaction is begun. */
export function deciderOf(clock: Clock, limits: DeploymentLimits): () => Decider {
  return () => {
    const now = clock.now()
    return (deployment, hosts) => nextAction(deployment, hosts, { now, limits })
  }
}

function readDesires({ desires }: Pick<Storage, 'desires'>) {
  return async (agents: readonly string[]): Promise<readonly (StoredDesires | 'none')[]> => {
    const states = await desires.read([...new Set(agents)])
    return agents.map((agent) => states.get(agent) ?? 'none')
  }
}

async function requestDeployment(
  { storage, clock, randomText }: DeploymentsOptions,
  decide: Decider,
  request: DeploymentRequest,
): Promise<Requested> {
  const { app, release, to, endpoints = null, by, reason = null, key } = request
  const id = `d-${key === undefined ? randomText(16) : hashOf([by, key]).slice(0, 20)}`
  const requestDigest = hashOf([app, release, to, endpoints, reason])
  const earlier = key === undefined ? undefined : await storage.deployments.find(id)
  const digest =
    earlier?.digest ?? (await storage.releases.find({ name: app, wanted: release }))?.digest
  if (digest === undefined) throw noRelease(app, release)
  const made = await storage.deployments.create(
    {
      id,
      app,
      digest,
      selector: to,
      endpoints,
      by,
      reason,
      requestDigest,
      source: 'token',
      at: clock.now(),
    },
    decide,
  )
  if (made.kind === 'created' || made.kind === 'repeated')
    return { deployment: made.deployment, isRepeat: made.kind === 'repeated' }
  throw refusalError(made, request)
}

/** The same for the same values, whatever the order of their keys. */
export function hashOf(values: readonly unknown[]): string {
  return createHash('sha256').update(canonicalJson(values)).digest('hex')
}

function noRelease(app: string, release: string): AppError {
  return new AppError('release-not-found', `no release of ${app} is "${release}"`, {
    hint: 'see `sluice releases --server URL`, or publish it first',
  })
}

function assertCalledOff(id: string, deployment: StoredDeployment | undefined): StoredDeployment {
  if (deployment === undefined) throw new AppError('not-found', `there is no deployment ${id}`)
  if (deployment.state === 'undoing' || deployment.state === 'undone') return deployment
  throw new AppError('request-invalid', `deployment ${id} is ${deployment.state} already`, {
    hint: 'deploy the earlier release to go back to it',
  })
}
