import { removeTree, type Clock } from '../../system/index.ts'
import { describeHookEnd } from '../hooks/describe-hook.ts'
import { runHook } from '../hooks/run-hook.ts'
import type { CheckCommandPlace, Finding } from './health-check.ts'

export interface CommandAttempt {
  readonly command: string
  readonly place: CheckCommandPlace
  /** Milliseconds until everything it started is ended. */
  readonly timeout: number
}

/** Runs the check command once; an attempt that a killed process of ours left is thrown away first. */
export async function attemptCommand(
  { command, place, timeout }: CommandAttempt,
  context: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Finding> {
  removeTree(place.directory)
  const result = await runHook(
    { ...place, command, timeout, idempotent: true, mayLeaveProcesses: false },
    { ...context, grace: 500 },
  )
  removeTree(place.directory)
  const end = describeHookEnd(result)
  if (result.status === 0 && !result.timedOut)
    return { ok: true, words: `the check command ${end}` }
  return { ok: false, words: `the check command ${end}`, output: result.output }
}
