import { AppError } from '../../errors/index.ts'
import type { Clock } from '../../system/index.ts'
import type { ServiceState } from '../drivers/process-driver.ts'

/** A deploy's process as its driver sees it. */
export interface WatchedProcess {
  readonly clock: Clock
  /** Names the deploy to a person. */
  readonly label: string
  readonly observe: () => Promise<ServiceState>
  /** The last lines the deploy wrote. */
  readonly lastOutput: () => string
}

/** Milliseconds in which a driver that sees an end learns how it came. */
const learning = 100

/** How often the process was started again so far. */
export function restartsOf(state: ServiceState): number {
  return state.state === 'running' || state.state === 'failing' ? state.restarts : 0
}

/**
 * A process that ended once is not proved by what its successor does. `when` follows "the process ended".
 * @throws AppError `start-failed` with how it ended and its last output, unless the driver cannot tell.
 */
export async function assertStillRuns(
  { clock, label, observe, lastOutput }: WatchedProcess,
  restartsBefore: number,
  when: string,
): Promise<void> {
  if (isWell(await observe(), restartsBefore)) return
  await clock.sleep(learning)
  const end = describeEnd(await observe())
  throw new AppError('start-failed', `the process ended ${when}${end}`, {
    output: lastOutput(),
    hint: `its last output says more; \`sluice logs ${label}\` shows all of it`,
  })
}

function isWell(state: ServiceState, restartsBefore: number): boolean {
  if (state.state === 'unknown') return true
  return state.state === 'running' && state.restarts <= restartsBefore
}

function describeEnd(state: ServiceState): string {
  switch (state.state) {
    case 'failing':
      return `: it ${state.lastEnd}`
    case 'running':
      return ': it was started again meanwhile'
    case 'stopped':
    case 'unknown':
      return ''
  }
}
