import { AppError } from '../../errors/index.ts'

/** How much work is done at once; the rest waits in order, and more than that is sent away. */
export interface Admission {
  /** @throws BusyError when too many wait. */
  run<Result>(work: () => Promise<Result>): Promise<Result>
}

export interface AdmissionLimits {
  readonly atOnce: number
  readonly waiting: number
}

/** Tells its answer when to come again. */
export class BusyError extends AppError {
  readonly seconds: number

  constructor(seconds: number) {
    super('server-busy', `too many agents come at once; again in ${seconds} s`, { retryable: true })
    this.seconds = seconds
  }
}

/** `random` is between 0 and 1: those that were sent away together do not come back together. */
export function openAdmission(
  { atOnce, waiting }: AdmissionLimits,
  random: () => number = Math.random,
): Admission {
  const queue: (() => void)[] = []
  let running = 0
  return {
    run: async (work) => {
      if (running >= atOnce) {
        if (queue.length >= waiting) throw new BusyError(1 + Math.floor(random() * longestPause))
        await new Promise<void>((resolve) => queue.push(resolve))
      } else running += 1
      try {
        return await work()
      } finally {
        // Whoever waits takes the place over as it is.
        const next = queue.shift()
        if (next === undefined) running -= 1
        else next()
      }
    },
  }
}

/** Seconds. */
const longestPause = 10
