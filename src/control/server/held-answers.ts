import { assertRate } from './rate-limits.ts'

/** How many answers are held for each token at a time. */
export interface HeldAnswers {
  /** Counts one more; answers how to count it no more. @throws RateError when there are too many. */
  take(token: string): () => void
}

/** Seconds after which whoever has too many may ask again. */
const pause = 5

export function openHeldAnswers(most = 100): HeldAnswers {
  const held = new Map<string, number>()
  return {
    take: (token) => {
      const count = held.get(token) ?? 0
      assertRate(count >= most ? pause : undefined)
      held.set(token, count + 1)
      return () => giveBack(held, token)
    },
  }
}

function giveBack(held: Map<string, number>, token: string): void {
  const left = (held.get(token) ?? 1) - 1
  if (left > 0) held.set(token, left)
  else held.delete(token)
}
