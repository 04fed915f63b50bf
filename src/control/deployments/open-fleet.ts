import type { Clock, RandomText } from '../../system/index.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import type { TakenReports } from '../storage/desire-records.ts'
import type { Storage } from '../storage/storage.ts'
import { openStarts, type Starts } from '../triggers/starts.ts'
import type { Deployments } from './deployments.ts'
import { deciderOf, openDeployments } from './open-deployments.ts'
import { keepFleetPruned } from './prune.ts'

/** What a server does with many hosts: deployments, and what raises start. */
export interface Fleet {
  readonly deployments: Deployments
  readonly starts: Starts
  /** Answers whoever waits, now and later. */
  letGo(): void
  close(): Promise<void>
}

export interface FleetOptions {
  readonly storage: Storage
  readonly settings: Pick<ServerSettings, 'triggers' | 'deployments' | 'retention'>
  readonly audit: AuditLog
  readonly clock: Clock
  readonly randomText: RandomText
}

export function openFleet({ settings, audit, ...options }: FleetOptions): Fleet {
  const { storage, clock } = options
  const definitions = new Map(Object.entries(settings.triggers))
  const limits = settings.deployments
  const starts = openStarts({ storage, clock, definitions, decide: deciderOf(clock, limits) })
  const deployments = openDeployments({
    ...options,
    limits,
    // What has ended may have been in the way of a raise; when the database fails, the next look finds it.
    onFinished: () => void starts.look().catch(() => undefined),
    onReported: (agent, taken) => void recordReports(audit, agent, taken),
  })
  const closing = new AbortController()
  const pruning = keepFleetPruned({ storage, clock, retention: settings.retention }, closing.signal)
  return {
    deployments,
    starts,
    letGo: () => deployments.letGo(),
    close: async () => {
      closing.abort()
      await deployments.close()
      await starts.close()
      await pruning
    },
  }
}

/** What a host wants a person to know, and what it has rejected for all, is for the audit log too. */
async function recordReports(audit: AuditLog, agent: string, taken: TakenReports): Promise<void> {
  const who = `agent ${agent}`
  const entries = [
    ...taken.rejected.map(({ app, digest }) => ({
      what: 'reject-release',
      object: `${app} ${digest}`,
      outcome: 'ok',
    })),
    ...taken.alarms.map(({ code, message }) => ({
      what: 'alarm',
      object: message.slice(0, 500),
      outcome: code,
    })),
  ]
  const records = entries.map((entry) => audit.record({ who, from: 'agent', ...entry }))
  // The reports themselves are kept; a database that fails is reported by the requests that meet it.
  await Promise.allSettled(records)
}
