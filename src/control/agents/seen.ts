import type { Clock } from '../../system/index.ts'
import type { Storage } from '../storage/storage.ts'
import { pause } from '../triggers/prune.ts'

/**
 * When agents were last heard of: kept for all of them together, one commit every 15 seconds. Who comes back after a longer
 * silence is kept at once: a deployment that begins now would not wait for it.
 */
export interface Seen {
  note(agent: string): void
  /** It is heard of until the answer is called: its poll is held. */
  stay(agent: string): () => void
  /** Writes what is left. */
  close(): Promise<void>
}

export const seenGrain = 15_000
/** Milliseconds without a word after which an agent is news; below what deployments call silent. */
const longSilence = 45_000
/** Milliseconds in which those that come back together share a commit. */
const returnGrain = 200

export function openSeen(storage: Pick<Storage, 'agents'>, clock: Clock): Seen {
  let noted = new Set<string>()
  let writingSoon: Promise<void> | undefined
  const staying = new Map<string, number>()
  const lastNoted = new Map<string, number>()
  const closing = new AbortController()
  const writing = keepWriting()

  async function keepWriting(): Promise<void> {
    while (await pause(clock, seenGrain, closing.signal)) {
      for (const agent of staying.keys()) noted.add(agent)
      await write()
    }
  }
  async function writeSoon(): Promise<void> {
    const isDue = await pause(clock, returnGrain, closing.signal)
    writingSoon = undefined
    if (isDue) await write()
  }
  async function write(): Promise<void> {
    const ids = [...noted]
    if (ids.length === 0) return
    noted = new Set()
    // Whoever is there is heard of again soon.
    await storage.agents.noteSeen(ids, clock.now()).catch(() => undefined)
  }
  return {
    note: (agent) => {
      noted.add(agent)
      const last = lastNoted.get(agent) ?? -Infinity
      lastNoted.set(agent, clock.monotonic())
      if (clock.monotonic() - last > longSilence) writingSoon ??= writeSoon()
    },
    stay: (agent) => {
      staying.set(agent, (staying.get(agent) ?? 0) + 1)
      return () => {
        const left = (staying.get(agent) ?? 1) - 1
        if (left > 0) staying.set(agent, left)
        else staying.delete(agent)
      }
    },
    close: async () => {
      closing.abort()
      await writing
      await writingSoon
      await write()
    },
  }
}
