import { AppError, toAppError } from '../../errors/index.ts'
import type { Clock } from '../../system/index.ts'
import { openBackOff, type BackOffBounds } from '../back-off.ts'

export interface RepeatOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly bounds?: BackOffBounds
  readonly random?: () => number
  readonly onFailure: (error: AppError, pause: number) => void
}

/** Whether a round has brought something; one that has not, although it was quick, counts as a failure. */
export type RoundEnd = 'good' | 'idle'

/** A round that brought nothing must have taken so long, in milliseconds, to be followed by another one at once. */
const shortestIdle = 500

/**
 * Repeats work until the signal is aborted, with pauses after failures that grow with each one in a row.
 * @throws AppError of the codes after which going on is of no use: the server is another one, or does not want this agent.
 */
export async function repeat(
  work: () => Promise<RoundEnd>,
  { clock, signal, bounds, random, onFailure }: RepeatOptions,
): Promise<void> {
  const backOff = openBackOff(bounds, random)
  while (!signal.aborted) {
    const begun = clock.monotonic()
    const failure = await work().then(
      (end) =>
        end === 'idle' && clock.monotonic() - begun < shortestIdle ? tooQuick() : undefined,
      (thrown: unknown) => toAppError(thrown),
    )
    if (failure === undefined) backOff.succeeded()
    else await pauseAfter(failure)
  }

  async function pauseAfter(failure: AppError): Promise<void> {
    if (signal.aborted) return
    if (finalCodes.has(failure.code)) throw failure
    const pause = backOff.failed(failure)
    onFailure(failure, pause)
    await clock.sleep(pause, signal).catch(() => undefined)
  }
}

const finalCodes = new Set<string>(['identity-mismatch', 'agent-unknown', 'agent-quarantined'])

function tooQuick(): AppError {
  return new AppError('server-unreachable', 'it answered at once, with nothing new', {
    retryable: true,
  })
}
