/** The highest sequence seen of each trigger; of those used longest ago, when there are too many, nothing is kept. */
export interface KnownSequences {
  get(name: string): number | undefined
  /** Sequences only grow, so a lower one is old and changes nothing. */
  note(name: string, sequence: number): void
}

export function openKnownSequences(most: number): KnownSequences {
  const known = new Map<string, number>()
  function keep(name: string, sequence: number): void {
    known.delete(name)
    known.set(name, sequence)
    const [oldest] = known.keys()
    if (known.size > most && oldest !== undefined) known.delete(oldest)
  }
  return {
    get: (name) => {
      const sequence = known.get(name)
      if (sequence !== undefined) keep(name, sequence)
      return sequence
    },
    note: (name, sequence) => keep(name, Math.max(sequence, known.get(name) ?? 0)),
  }
}
