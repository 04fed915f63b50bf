import { resolve } from 'node:path'

import { runAgent } from '../../agent/index.ts'
import { systemClock } from '../../system/index.ts'
import type { CliContext } from '../context.ts'
import { stateDirectory, usualSocket } from './agent-place.ts'

export interface AgentValues {
  readonly state: string | undefined
  readonly hostSocket: string | undefined
  readonly metricsListen: string | undefined
}

/** Runs the agent until the first Ctrl-C or SIGTERM. The log is JSON, one object a line, on standard error. */
export async function runAgentUntilStopped(
  { io, signal, cwd }: CliContext,
  { state, hostSocket = usualSocket, metricsListen }: AgentValues,
): Promise<void> {
  await runAgent({
    state: stateDirectory(cwd, state),
    hostSocket: resolve(cwd, hostSocket),
    metricsListen,
    clock: systemClock,
    log: (message, facts) => {
      const time = new Date(systemClock.now()).toISOString()
      io.stderr.write(`${JSON.stringify({ time, message, ...facts })}\n`)
    },
    signal,
  })
}
