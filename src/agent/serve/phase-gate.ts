import { AppError } from '../../errors/index.ts'
import type { DeploymentGate } from '../../host/index.ts'
import type { AppDesire, DeploymentPhase, GatedBy } from '../../protocol/index.ts'
import type { Clock } from '../../system/index.ts'

/** What the server wants of one app now; undefined when it names the app no more. */
export type CurrentDesire = () =>
  | { readonly epoch: string; readonly desire: AppDesire | undefined }
  | undefined

export interface GateOptions {
  readonly current: CurrentDesire
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
export function phaseOf(gated: GatedBy, state: ReturnType<CurrentDesire>): DeploymentPhase {
  const desire = state?.desire
  const isSame =
    state?.epoch === gated.epoch &&
    desire?.deployment === gated.deployment &&
    desire.generation === gated.generation
  if (!isSame) {
    throw new AppError('taken-back', `the server no longer wants deployment ${gated.deployment}`)
  }
  if (desire.phase !== 'back') return desire.phase
  throw new AppError('taken-back', `the server took deployment ${gated.deployment} back`)
}

function unconfirmed(wait: number): AppError {
  return new AppError('unconfirmed', `nobody confirmed the switch within ${Math.round(wait)} ms`)
}
