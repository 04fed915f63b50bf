import type { Clock } from '../../system/index.ts'
import type { AgentStanding } from '../storage/agent-records.ts'
import type { Storage } from '../storage/storage.ts'
import { openBatches } from '../triggers/batches.ts'
import { pause } from '../triggers/prune.ts'
import type { WaitOptions } from '../triggers/triggers.ts'
import { openWaiters } from '../triggers/waiters.ts'

/** How agents stand in the database, and polls that wait for something new. Thousands may wait at once. */
export interface Revisions {
  /** Read anew, together with what others ask for; undefined when there is no such agent. */
  standing(agent: string): Promise<AgentStanding | undefined>
  /** Resolves as soon as the revision is beyond `after` or the agent may not go on; at the time-out; when aborted. */
  waitBeyond(agent: string, after: number, options: WaitOptions): Promise<void>
  waiting(): number
  /** Lets everybody who waits go, now and later. */
  letGo(): void
  close(): Promise<void>
}

export interface RevisionsOptions {
  readonly storage: Pick<Storage, 'agents' | 'isShared' | 'onChanged'>
  readonly clock: Clock
  /** Milliseconds between looks at a database that other servers share. */
  readonly pollEvery: number
}

const largestRead = 500

export function openRevisions({ storage, clock, pollEvery }: RevisionsOptions): Revisions {
  const waiters = openWaiters(clock)
  const closing = new AbortController()
  const reads = openBatches(readAll, { largest: largestRead })
  const stopHints = storage.onChanged('agents', (ids) => void look(ids))
  const looking = storage.isShared ? keepLooking() : undefined

  async function readAll(ids: readonly string[]): Promise<readonly Found[]> {
    const standing = await storage.agents.standing([...new Set(ids)])
    for (const id of new Set(ids)) waiters.tell(id, reachOf(standing.get(id)))
    return ids.map((id) => ({ standing: standing.get(id) }))
  }
  /** Reads what is waited for, all of it without a hint; false when the database did not answer all of it. */
  async function look(hinted: readonly string[] | undefined): Promise<boolean> {
    const ids = hinted?.filter((id) => waiters.has(id)) ?? waiters.names()
    const found = await Promise.allSettled(ids.map((id) => reads.submit(id)))
    return found.every(({ status }) => status === 'fulfilled')
  }
  /** The sum of all agents tells cheaply whether any of the thousands has changed. */
  async function keepLooking(): Promise<void> {
    let seen: string | undefined
    while (await pause(clock, pollEvery, closing.signal)) {
      const totals = await storage.agents.totals().catch(() => undefined)
      if (totals === seen) continue
      const isWhole = totals !== undefined && (await look(undefined))
      seen = isWhole ? totals : undefined
    }
  }
  return {
    standing: async (agent) => (await reads.submit(agent)).standing,
    waitBeyond: async (agent, after, options) => {
      const waiting = waiters.wait(agent, after, options)
      // Reading wakes as well, so nothing is missed between a look before and the wait.
      await reads.submit(agent).catch(() => undefined)
      await waiting
    },
    waiting: () => waiters.names().length,
    letGo: () => waiters.close(),
    close: async () => {
      closing.abort()
      stopHints()
      waiters.close()
      await looking
      await reads.close()
    },
  }
}

interface Found {
  readonly standing: AgentStanding | undefined
}

/** Whoever may not go on is let go, whatever it waits for. */
function reachOf(standing: AgentStanding | undefined): number {
  return standing?.state === 'active' ? standing.revision : Number.POSITIVE_INFINITY
}
