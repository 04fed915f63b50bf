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
  let waits = 0
  const noneWaits = Promise.withResolvers<void>()
  /** Thousands are in here at a time. */
  async function waitBeyond(name: string, after: number, options: WaitOptions): Promise<number> {
    const seen = known.get(name)
    if (seen !== undefined && seen > after) return seen
    waits += 1
    try {
      const waiting = waiters.wait(name, after, options)
      // Reading wakes as well, so nothing is missed between a look before and the wait. The last read reports failures.
      void read(name).catch(() => undefined)
      return (await waiting) ?? (await read(name)) ?? 0
    } finally {
      waits -= 1
      if (waits === 0 && closing.signal.aborted) noneWaits.resolve()
    }
  }
  return {
    note,
    read,
    waitBeyond,
    close: async () => {
      closing.abort()
      stopHints()
      waiters.close()
      await looking
      // Whoever was let go still reads what the sequence is.
      if (waits > 0) await noneWaits.promise
      await reads.close()
    },
  }
}

interface Found {
  readonly sequence: number | undefined
}
