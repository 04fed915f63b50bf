import { AppError } from '../../errors/index.ts'
import { isSameWish, type DeploymentGate } from '../../host/index.ts'
import type { DeploymentPhase, GatedBy } from '../../protocol/index.ts'
import type { Clock } from '../../system/index.ts'
import type { PresentDesire } from './serve-context.ts'

export interface GateOptions {
  /** What the server wants of the app now; undefined when it names the app no more. */
  readonly current: () => PresentDesire | undefined
  /** Resolves at the next change of what is wanted, or when the signal is aborted. */
  readonly changed: (signal: AbortSignal) => Promise<void>
  readonly clock: Clock
  /** A deployment has come to the gate. */
  readonly waiting: () => void
}

/** Lets a deployment through by the phase that the server's desire is in, for as long as that is about this very one. */
export function openPhaseGate({ current, changed, clock, waiting }: GateOptions): DeploymentGate {
  async function untilPhase(
    gated: GatedBy,
    phases: readonly DeploymentPhase[],
    signal: AbortSignal,
  ): Promise<void> {
    while (!phases.includes(phaseOf(gated, current()))) {
      signal.throwIfAborted()
      await changed(signal)
    }
  }
  return {
    untilMayGo: (gated, signal) => {
      waiting()
      return untilPhase(gated, ['switch', 'commit'], signal)
    },
    untilMayCommit: async (gated, { wait, signal }) => {
      waiting()
      const over = new AbortController()
      const stop = new AbortController()
      clock.sleep(wait, stop.signal).then(
        () => over.abort(unconfirmed(wait)),
        () => undefined,
      )
      try {
        await untilPhase(gated, ['commit'], AbortSignal.any([signal, over.signal]))
      } finally {
        stop.abort()
      }
    },
  }
}

/** @throws AppError `taken-back` when the server wants it undone, or wants something else by now. */
export function phaseOf(gated: GatedBy, present: PresentDesire | undefined): DeploymentPhase {
  if (present === undefined || !isSameWish(present.gated, gated)) {
    throw new AppError('taken-back', `the server no longer wants deployment ${gated.deployment}`)
  }
  const { phase } = present.desire
  if (phase !== 'back') return phase
  throw new AppError('taken-back', `the server took deployment ${gated.deployment} back`)
}

function unconfirmed(wait: number): AppError {
  return new AppError('unconfirmed', `nobody confirmed the switch within ${Math.round(wait)} ms`)
}
