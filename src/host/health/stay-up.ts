import { assertStillRuns, restartsOf, type WatchedProcess } from './still-runs.ts'

export interface StayUpContext extends WatchedProcess {
  readonly signal: AbortSignal
}

/** Milliseconds between two looks at the process. */
const lookInterval = 100

/**
 * Watches a process that no check can ask for so many milliseconds; false when its driver cannot tell.
 * @throws AppError `start-failed` as soon as it ended or was started again.
 */
export async function staysUp(duration: number, context: StayUpContext): Promise<boolean> {
  const { clock, signal } = context
  const first = await context.observe()
  if (first.state === 'unknown') return false
  const end = clock.monotonic() + duration
  for (;;) {
    await assertStillRuns(context, restartsOf(first), `within ${duration} ms of its start`)
    const left = end - clock.monotonic()
    if (left <= 0) return true
    await clock.sleep(Math.min(left, lookInterval), signal)
  }
}
