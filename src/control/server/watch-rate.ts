/** The least that a transfer must do in each window; slower ones only hold what others need. */
export const slowestTransfer = { bytes: 8 * 1024 * 30, window: 30_000 } as const

export interface RateWatch {
  add(bytes: number): void
  stop(): void
}

/** Calls `onSlow` at the end of the first window (milliseconds) in which less than `bytes` went through. */
export function watchRate(
  onSlow: () => void,
  { bytes, window }: { readonly bytes: number; readonly window: number } = slowestTransfer,
): RateWatch {
  let count = 0
  const timer = setInterval(() => {
    if (count < bytes) {
      clearInterval(timer)
      onSlow()
    }
    count = 0
  }, window)
  return { add: (more) => void (count += more), stop: () => clearInterval(timer) }
}
