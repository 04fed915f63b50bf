import type { Clock } from '../../system/index.ts'
import type { Storage } from '../storage/storage.ts'
import { openBatches } from './batches.ts'
import { openKnownSequences } from './known-sequences.ts'
import { pause } from './prune.ts'
import type { WaitOptions } from './triggers.ts'
import { openWaiters } from './waiters.ts'

/** The sequences of triggers under their stored names, and who waits for them. */
export interface Sequences {
  /** Takes note of a durable sequence and wakes who waits for it. */
  note(name: string, sequence: number): void
  /** The last durable one; undefined when there is no such trigger. */
  read(name: string): Promise<number | undefined>
  waitBeyond(name: string, after: number, options: WaitOptions): Promise<number>
  close(): Promise<void>
}

export interface SequencesOptions {
  readonly storage: Storage
  readonly clock: Clock
  /** Milliseconds between looks at a database that other servers share. */
  readonly pollEvery: number
}

const mostKnown = 10_000
const largestRead = 500

export function openSequences({ storage, clock, pollEvery }: SequencesOptions): Sequences {
  const known = openKnownSequences(mostKnown)
  const waiters = openWaiters(clock)
  const closing = new AbortController()
  const reads = openBatches(readAll, { largest: largestRead })
  const stopHints = storage.onChanged('triggers', (names) => void look(names))
  const looking = storage.isShared ? keepLooking() : undefined

  function note(name: string, sequence: number): void {
    known.note(name, sequence)
    waiters.tell(name, sequence)
  }
  async function readAll(names: readonly string[]): Promise<readonly Found[]> {
    const sequences = await storage.triggers.read([...new Set(names)])
    for (const [name, sequence] of sequences) note(name, sequence)
    return names.map((name) => ({ sequence: sequences.get(name) }))
  }
  async function read(name: string): Promise<number | undefined> {
    const own = storage.isShared ? undefined : known.get(name)
    return own ?? (await reads.submit(name)).sequence
  }
  /** Reads what is waited for, all of it without a hint; a database in trouble is asked again at the next look. */
  async function look(hinted: readonly string[] | undefined): Promise<void> {
    const names = hinted?.filter((name) => waiters.has(name)) ?? waiters.names()
    await Promise.allSettled(names.map((name) => reads.submit(name)))
  }
  async function keepLooking(): Promise<void> {
    while (await pause(clock, pollEvery, closing.signal)) await look(undefined)
  }
  async function waitBeyond(name: string, after: number, options: WaitOptions): Promise<number> {
    const seen = known.get(name)
    if (seen !== undefined && seen > after) return seen
    const waiting = waiters.wait(name, after, options)
    // Reading wakes as well, so nothing is missed between a look before and the wait. The last read reports failures.
    await read(name).catch(() => undefined)
    const beyond = await waiting
    return beyond ?? (await read(name)) ?? 0
  }
  const waits = new Set<Promise<number>>()
  return {
    note,
    read,
    waitBeyond: async (name, after, options) => {
      const wait = waitBeyond(name, after, options)
      waits.add(wait)
      return await wait.finally(() => waits.delete(wait))
    },
    close: async () => {
      closing.abort()
      stopHints()
      waiters.close()
      await looking
      // Whoever was let go still reads what the sequence is.
      await Promise.allSettled(waits)
      await reads.close()
    },
  }
}

interface Found {
  readonly sequence: number | undefined
}
