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
  /** Looks at the rights once more. */
  readonly again: () => Promise<Holder>
  readonly holder: Holder
}

/** Runs a handler whose answer may be late; so many answers of a token are held and no more. */
export async function handleHeld(
  options: HoldingOptions,
  { route, request, again, holder }: HeldCall,
): Promise<Answer | LateAnswer> {
  const release = options.held.begin(holder.id)
  let isLate = false
  try {
    const answer = await route.handle(options.services, request)
    if (!('late' in answer)) return await stillAllowed(answer, again)
    isLate = true
    return { late: guardLate(options, { ...answer, again, release }) }
  } finally {
    if (!isLate) release()
  }
}

/** Everything that is kept of a held request besides what it waits for. */
interface Guarded extends LateAnswer {
  readonly again: () => Promise<Holder>
  readonly release: () => void
}

async function guardLate(options: HoldingOptions, guarded: Guarded): Promise<Answer> {
  const { late, again, release } = guarded
  try {
    return await stillAllowed(await late, again)
  } catch (thrown) {
    return reportedAnswer(thrown, options.onBug)
  } finally {
    release()
  }
}

/** A token that was revoked while the answer was held gets none. */
async function stillAllowed(answer: Answer, again: HeldCall['again']): Promise<Answer> {
  try {
    await again()
    return answer
  } catch (thrown) {
    answer.file?.release()
    throw thrown
  }
}
