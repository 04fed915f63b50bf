import type { Clock } from '../../system/index.ts'
import { openDeadlines } from './deadlines.ts'
import type { WaitOptions } from './triggers.ts'

export interface Waiters {
  /** Resolves with the sequence once `tell` has named one beyond `after`; with undefined at the time-out, the abort, or the end. */
  wait(name: string, after: number, options: WaitOptions): Promise<number | undefined>
  /** Says what a trigger's sequence is; wakes who waited for that. */
  tell(name: string, sequence: number): void
  /** Whether somebody waits for the trigger. */
  has(name: string): boolean
  /** The triggers that somebody waits for. */
  names(): string[]
  /** Lets everybody go, now and later. */
  close(): void
}

interface Waiter {
  readonly after: number
  readonly end: (sequence: number | undefined) => void
}

export function openWaiters(clock: Clock): Waiters {
  const byName = new Map<string, Set<Waiter>>()
  const deadlines = openDeadlines(clock)
  let isClosed = false

  function wait(
    name: string,
    after: number,
    { timeout, signal }: WaitOptions,
  ): Promise<number | undefined> {
    return new Promise((resolve) => {
      const end = (sequence: number | undefined): void => {
        remove(byName, name, waiter)
        callOff()
        signal?.removeEventListener('abort', giveUp)
        resolve(sequence)
      }
      const giveUp = (): void => end(undefined)
      const waiter: Waiter = { after, end }
      const callOff = deadlines.add(clock.monotonic() + timeout, giveUp)
      byName.set(name, (byName.get(name) ?? new Set()).add(waiter))
      signal?.addEventListener('abort', giveUp, { once: true })
      if (isClosed || signal?.aborted || timeout <= 0) giveUp()
    })
  }
  return {
    wait,
    tell: (name, sequence) => {
      for (const { after, end } of byName.get(name) ?? []) if (sequence > after) end(sequence)
    },
    has: (name) => byName.has(name),
    names: () => [...byName.keys()],
    close: () => {
      isClosed = true
      for (const waiters of byName.values()) for (const { end } of waiters) end(undefined)
      deadlines.close()
    },
  }
}

function remove(byName: Map<string, Set<Waiter>>, name: string, waiter: Waiter): void {
  const waiters = byName.get(name)
  waiters?.delete(waiter)
  if (waiters?.size === 0) byName.delete(name)
}
