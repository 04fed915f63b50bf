import { AppError } from '../../errors/index.ts'
import type { Clock } from '../../system/index.ts'

export interface EventsWatch {
  readonly clock: Clock
  /** Looks at the token once more. @throws AppError `unauthenticated`. */
  readonly authenticate: () => Promise<unknown>
  /** The stream has come to its end. */
  readonly onEnd: () => void
}

/** Milliseconds after which a token is looked at again; heartbeats come as often at least. */
const lookEvery = 10_000

/** The same events, as long as the reader's token is valid. */
export async function* watchEvents(
  events: AsyncIterable<string>,
  { clock, authenticate, onEnd }: EventsWatch,
): AsyncGenerator<string> {
  let lookAt = clock.monotonic() + lookEvery
  try {
    for await (const text of events) {
      if (clock.monotonic() >= lookAt) {
        await authenticate()
        lookAt = clock.monotonic() + lookEvery
      }
      yield text
    }
  } catch (thrown) {
    // The reader's next request is told why.
    if (!(thrown instanceof AppError && thrown.code === 'unauthenticated')) throw thrown
  } finally {
    onEnd()
  }
}
