/** The two releases that a bench switches between; a backend answers its label. */
export const labels = ['one', 'two']

/**
 * `raw` clients keep their connection and never retry; `closing` ones ask for one answer a connection; `retrying`
 * ones keep it and try once more what a kept connection broke off.
 */
export type ClientKind = 'raw' | 'closing' | 'retrying'

/** What the clients' process is told. */
export type ToClients =
  | { readonly type: 'after'; readonly count: number }
  | { readonly type: 'stop'; readonly file: string }

/** What it says at its end; the answers themselves are in the file. */
export interface ClientReport {
  readonly requests: number
  readonly failed: number
  /** The first few, in words. */
  readonly failures: readonly string[]
  readonly retries: number
}

/** One switch, in milliseconds of the kernel's monotonic clock. */
export interface Move {
  readonly label: string
  readonly startedAt: number
  readonly acknowledgedAt: number
}

export interface Judgement {
  /** Answers of another release than the only one that may have answered. */
  readonly stale: number
  /** Answers that lay between an acknowledgement and the next switch, so that one release alone was right. */
  readonly judged: number
}

/**
 * Compares answers with the switches. `answers` holds three numbers each: sent at, answered at, and 1 + the index of
 * the label, 0 for a failure. A request under way during a switch may be answered by either release.
 */
export function judgeAnswers(answers: Float64Array, moves: readonly Move[]): Judgement {
  let stale = 0
  let judged = 0
  for (let at = 0; at + 2 < answers.length; at += 3) {
    const [sentAt = 0, answeredAt = 0, label = 0] = answers.subarray(at, at + 3)
    const index = lastAcknowledged(moves, sentAt)
    const move = moves[index]
    const next = moves[index + 1]
    if (label === 0 || move === undefined) continue
    if (next !== undefined && next.startedAt < answeredAt) continue
    judged += 1
    if (labels[label - 1] !== move.label) stale += 1
  }
  return { stale, judged }
}

/** Index of the last switch that was acknowledged at this moment; -1 for none. */
function lastAcknowledged(moves: readonly Move[], moment: number): number {
  let [low, high] = [0, moves.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((moves[middle]?.acknowledgedAt ?? 0) <= moment) low = middle + 1
    else high = middle
  }
  return low - 1
}
