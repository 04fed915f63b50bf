import type { Clock } from '../../system/index.ts'
import type { StoredEvent } from '../storage/deployment-records.ts'
import type { Storage } from '../storage/storage.ts'
import type { WaitOptions } from '../triggers/triggers.ts'
import { openWaiters } from '../triggers/waiters.ts'

/** Who waits for events of a deployment. */
export interface EventWaits {
  eventsAfter(id: string, after: number, options: WaitOptions): Promise<readonly StoredEvent[]>
  /** Wakes who waits for what has happened to it. */
  tell(id: string): Promise<void>
  /** The same for all, since other servers may have written. */
  tellAll(): Promise<void>
  close(): void
}

const pageSize = 500

export function openEventWaits(
  { deployments }: Pick<Storage, 'deployments'>,
  clock: Clock,
): EventWaits {
  const waiters = openWaiters(clock)

  async function tell(id: string): Promise<void> {
    if (!waiters.has(id)) return
    const found = await deployments.find(id)
    waiters.tell(id, found?.events ?? Number.MAX_SAFE_INTEGER)
  }
  return {
    tell,
    tellAll: async () => {
      for (const id of waiters.names()) await tell(id)
    },
    eventsAfter: async (id, after, { timeout, signal }) => {
      const read = () => deployments.events(id, { after, limit: pageSize })
      const done = new AbortController()
      const either = signal === undefined ? done.signal : AbortSignal.any([signal, done.signal])
      // Waits before it reads, so that nothing is missed in between.
      const waiting = waiters.wait(id, after, { timeout, signal: either })
      try {
        const there = await read()
        if (there.length > 0 || timeout <= 0) return there
        await waiting
        return await read()
      } finally {
        done.abort()
      }
    },
    close: () => waiters.close(),
  }
}
