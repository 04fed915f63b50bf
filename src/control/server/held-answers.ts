import { assertRate } from './rate-limits.ts'

/** How many answers are held for each token at a time. */
export interface HeldAnswers {
  /** Begins one; answers how to end it. @throws RateError when there are too many. */
  begin(token: string): () => void
}

/** Seconds after which whoever has too many may ask again. */
const pause = 5

export function openHeldAnswers(most = 100): HeldAnswers {
  const held = new Map<string, number>()
  function begin(token: string): () => void {
    const count = held.get(token) ?? 0
    assertRate(count >= most ? pause : undefined)
    held.set(token, count + 1)
    return () => {
      const left = (held.get(token) ?? 1) - 1
      if (left > 0) held.set(token, left)
      else held.delete(token)
    }
  }
  return {
    begin,
  }
}
