import type { NewRaise, RaiseResult } from './trigger-records.ts'

/** A raise that is already recorded. */
export interface EarlierRaise {
  readonly trigger: string
  readonly sequence: number
  readonly id: string
  readonly key: string | null
  readonly digest: string | null
}

export interface Assignment {
  /** In the order of the raises. */
  readonly results: readonly RaiseResult[]
  readonly recorded: readonly { readonly raise: NewRaise; readonly sequence: number }[]
  /** The new sequence of each trigger that was raised. */
  readonly counters: ReadonlyMap<string, number>
}

/**
 * Gives each raise the next sequence of its trigger, in order. One that was recorded before, by its id or by its
 * key, is answered as it was then; so is the second of two with one key. A trigger without a counter is unknown.
 */
export function assignSequences(
  raises: readonly NewRaise[],
  counters: ReadonlyMap<string, number>,
  earlier: readonly EarlierRaise[],
): Assignment {
  const byId = new Map(earlier.map((raise) => [raise.id, raise.sequence]))
  const byKey = new Map<string, Keyed>()
  for (const { trigger, key, sequence, digest } of earlier)
    if (key !== null) byKey.set(keyOf(trigger, key), { sequence, digest })
  const next = new Map<string, number>()
  const recorded: { raise: NewRaise; sequence: number }[] = []

  function assign(raise: NewRaise): RaiseResult {
    const { trigger, id, key, digest = null } = raise
    const own = byId.get(id)
    if (own !== undefined) return { kind: 'raised', sequence: own }
    const same = key === undefined ? undefined : byKey.get(keyOf(trigger, key))
    if (same !== undefined)
      return { kind: same.digest === digest ? 'repeated' : 'key-reused', sequence: same.sequence }
    const last = next.get(trigger) ?? counters.get(trigger)
    if (last === undefined) return { kind: 'unknown-trigger' }
    const sequence = last + 1
    next.set(trigger, sequence)
    if (key !== undefined) byKey.set(keyOf(trigger, key), { sequence, digest })
    recorded.push({ raise, sequence })
    return { kind: 'raised', sequence }
  }

  return { results: raises.map(assign), recorded, counters: next }
}

interface Keyed {
  readonly sequence: number
  readonly digest: string | null
}

function keyOf(trigger: string, key: string): string {
  return JSON.stringify([trigger, key])
}
