import { AppError } from '../../errors/index.ts'

export interface RatePolicy {
  /** Bytes per second that must arrive on average in every window. */
  readonly minimumRate: number
  /** Milliseconds. */
  readonly rateWindow: number
}

/** Watches that bytes keep coming: a server that drips must not hold a deployment for hours. */
export function guardRate(
  policy: RatePolicy,
  onSlow: (error: AppError) => void,
): { add(bytes: number): void; stop(): void } {
  const needed = (policy.minimumRate * policy.rateWindow) / 1000
  let arrived = 0
  const timer = setInterval(() => {
    if (arrived < needed) {
      const problem = `${arrived} bytes in ${policy.rateWindow} ms are too slow`
      onSlow(new AppError('download-failed', problem, { retryable: true }))
    }
    arrived = 0
  }, policy.rateWindow)
  return {
    add: (bytes) => {
      arrived += bytes
    },
    stop: () => clearInterval(timer),
  }
}
