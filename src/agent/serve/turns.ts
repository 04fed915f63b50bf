/** Lets only so many work at once; the others wait in the order in which they came. */
export interface Turns {
  /** Answers the function that gives the turn back; calling it again does nothing. */
  take(): Promise<() => void>
}

export function createTurns(most: number): Turns {
  let free = most
  const waiting: (() => void)[] = []
  const giveBack = (): void => {
    const next = waiting.shift()
    if (next === undefined) free++
    else next()
  }
  return {
    take: async () => {
      if (free > 0) free--
      else await new Promise<void>((go) => waiting.push(go))
      let isGiven = false
      return () => {
        if (!isGiven) giveBack()
        isGiven = true
      }
    },
  }
}
