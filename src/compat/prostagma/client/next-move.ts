/** What a server says of a trigger. */
export interface TriggerCount {
  readonly count: number
  /** Which run of counts it belongs to; undefined when the server does not tell. */
  readonly epoch: string | undefined
}

export interface Move {
  /** What is seen from now on. */
  readonly seen: TriggerCount
  readonly runs: boolean
}

/**
 * Decides whether an answer starts the script:
 * - the first answer there is says where we begin;
 * - counts of another epoch began at 0, so any count above that is news;
 * - of the same epoch only a rise is; a lower count is taken over.
 */
export function nextMove(seen: TriggerCount | undefined, answer: TriggerCount): Move {
  if (seen === undefined) return { seen: answer, runs: false }
  const before = answer.epoch === seen.epoch ? seen.count : 0
  return { seen: answer, runs: answer.count > before }
}
