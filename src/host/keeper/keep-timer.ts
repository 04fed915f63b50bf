import { closeSync, constants, openSync } from 'node:fs'

import {
  bootId,
  childEnvironment,
  startDetached,
  withPath,
  type Clock,
} from '../../system/index.ts'
import { removeTimer, revertLog, writeTimer } from './keeper-files.ts'
import type { RevertTimer } from './keeper-protocol.ts'

/** A revert that waits for its deadline. */
export interface KeptTimer {
  readonly timer: RevertTimer
  /** Forgets it; a command that has begun is let finish. */
  disarm(): void
}

export interface TimerContext {
  readonly runDir: string
  readonly clock: Clock
  readonly log: (line: string) => void
  /** Called once when nothing is left to do for it. */
  readonly finished: (timer: RevertTimer) => void
  /** Milliseconds between two tries of a command that fails. */
  readonly retryAfter: number
}

const mostTries = 10

/**
 * Notes the timer durably and runs its command when it is due. The command may run twice when the keeper dies
 * while it runs; a revert takes the app's lock and then finds nothing to do.
 */
export function keepTimer(timer: RevertTimer, context: TimerContext): KeptTimer {
  const { runDir, clock, log, finished } = context
  const disarmed = new AbortController()
  writeTimer(runDir, { timer, bootId: bootId() })
  clock
    // The wall clock is read once: a jump of it later must not fire the timer.
    .sleep(Math.max(0, timer.deadline - clock.now()), disarmed.signal)
    .then(() => runUntilDone(timer, context, disarmed.signal))
    .catch((error: unknown) => {
      if (!disarmed.signal.aborted) log(`the revert of ${timer.app} failed: ${String(error)}`)
    })
    .finally(() => {
      if (!disarmed.signal.aborted) removeTimer(runDir, timer.app, timer.deployment)
      finished(timer)
    })
  return {
    timer,
    disarm: () => {
      disarmed.abort()
      removeTimer(runDir, timer.app, timer.deployment)
    },
  }
}

async function runUntilDone(
  timer: RevertTimer,
  context: TimerContext,
  disarmed: AbortSignal,
): Promise<void> {
  for (let tries = 1; tries <= mostTries; tries++) {
    disarmed.throwIfAborted()
    const end = await runCommand(timer, context.runDir)
    if (end === 'exited with 0') return
    context.log(`the revert of ${timer.app} (${timer.deployment}) ${end}, try ${tries}`)
    await context.clock.sleep(context.retryAfter, disarmed)
  }
}

function runCommand(timer: RevertTimer, runDir: string): Promise<string> {
  const path = revertLog(runDir, timer)
  const output = withPath(path, () =>
    openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o600),
  )
  try {
    const child = startDetached(timer.command, {
      env: childEnvironment(),
      stdout: output,
      stderr: output,
    })
    return new Promise((resolve) => {
      child.once('error', (error) => resolve(`could not be started: ${error.message}`))
      child.once('exit', (status, signal) =>
        resolve(signal === null ? `exited with ${status}` : `was ended by ${signal}`),
      )
    })
  } finally {
    closeSync(output)
  }
}
