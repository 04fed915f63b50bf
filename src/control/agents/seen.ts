import type { Clock } from '../../system/index.ts'
import type { Storage } from '../storage/storage.ts'
import { pause } from '../triggers/prune.ts'

/** When agents were last heard of: kept for all of them together, one commit every 15 seconds. */
export interface Seen {
  note(agent: string): void
  /** Writes what is left. */
  close(): Promise<void>
}

export const seenGrain = 15_000

export function openSeen(storage: Pick<Storage, 'agents'>, clock: Clock): Seen {
  let noted = new Set<string>()
  const closing = new AbortController()
  const writing = keepWriting()

  async function keepWriting(): Promise<void> {
    while (await pause(clock, seenGrain, closing.signal)) await write()
  }
  async function write(): Promise<void> {
    const ids = [...noted]
    if (ids.length === 0) return
    noted = new Set()
    // It is told to people only, and the next write comes soon.
    await storage.agents.noteSeen(ids, clock.now()).catch(() => undefined)
  }
  return {
    note: (agent) => void noted.add(agent),
    close: async () => {
      closing.abort()
      await writing
      await write()
    },
  }
}
