import type { Holder } from '../access/rights.ts'
import type { Route, RouteRequest, Services } from '../routes/route.ts'
import { reportedAnswer, type Answer, type LateAnswer } from './error-response.ts'
import type { HeldAnswers } from './held-answers.ts'

export interface HoldingOptions {
  readonly held: HeldAnswers
  readonly services: Services
  /** Hears of errors that are ours. */
  readonly onBug: (thrown: unknown) => void
}

export interface HeldCall {
  readonly route: Route
  readonly request: RouteRequest
  readonly token: string
  readonly holder: Holder
}

/** Runs a handler whose answer may be late; so many answers of a token are held and no more. */
export async function handleHeld(
  options: HoldingOptions,
  { route, request, token, holder }: HeldCall,
): Promise<Answer | LateAnswer> {
  const release = options.held.take(holder.id)
  try {
    const answer = await route.handle(options.services, request)
    if ('late' in answer) return { late: guardLate(options, { ...answer, token, release }) }
    release()
    return answer
  } catch (thrown) {
    release()
    throw thrown
  }
}

/** Everything that is kept of a held request besides what it waits for. */
interface Guarded extends LateAnswer {
  readonly token: string
  readonly release: () => void
}

/** A token that was revoked while the answer was held gets none. */
async function guardLate(options: HoldingOptions, guarded: Guarded): Promise<Answer> {
  const { late, token, release } = guarded
  try {
    const answer = await late
    await options.services.tokens.authenticate(token)
    return answer
  } catch (thrown) {
    return reportedAnswer(thrown, options.onBug)
  } finally {
    release()
  }
}
