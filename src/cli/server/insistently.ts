import { AppError } from '../../errors/index.ts'
import { systemClock } from '../../system/index.ts'

const tries = 4

/** Asks again when the server is away for a moment; what is asked must be harmless to repeat. */
export async function insistently<Answer>(
  signal: AbortSignal,
  work: () => Promise<Answer>,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (thrown) {
      const isPassing = thrown instanceof AppError && passing.has(thrown.code)
      if (!isPassing || attempt === tries) throw thrown
      await systemClock.sleep(attempt * 500, signal)
    }
  }
}

const passing = new Set<string>(['server-unreachable', 'database-unavailable', 'aborted'])
