import { appendFileSync } from 'node:fs'

import { systemClock } from '../system/index.ts'
import { defaultRestartPolicy } from './keeper/restart-delay.ts'
import { serveKeeper as serveKeeperAt } from './keeper/serve-keeper.ts'
import type { HostSettings } from './settings/host-settings.ts'

export interface ServeRequest {
  readonly settings: HostSettings
  readonly signal: AbortSignal
}

/** `sluice host keep`: watches processes and revert timers until nothing is left to keep. */
export async function serveKeeper({ settings, signal }: ServeRequest): Promise<void> {
  const { runDir, restartDelay } = settings
  const restart = { ...defaultRestartPolicy, first: restartDelay }
  await serveKeeperAt({ runDir, clock: systemClock, signal, log, restart })
}

/** Standard error is the keeper's log file. */
function log(line: string): void {
  appendFileSync(process.stderr.fd, `${new Date().toISOString()} ${line}\n`)
}
