import { trustSystemRoots, type Clock } from '../../../system/index.ts'
import type { Log } from '../log.ts'
import type { ClientSettings } from '../settings.ts'
import { createClientMetrics, serveMetrics } from './client-metrics.ts'
import { openHandledCount } from './handled-count.ts'
import { createPoll } from './poll.ts'
import { runBuild } from './run-build.ts'
import { watchTrigger } from './watch-trigger.ts'

export interface ClientOptions {
  readonly log: Log
  readonly clock: Clock
  /** Asks the client to end. */
  readonly signal: AbortSignal
}

/** Watches the trigger and runs the script until it is asked to end. @throws AppError for a damaged state. */
export async function runClient(settings: ClientSettings, options: ClientOptions): Promise<void> {
  const { log, clock, signal } = options
  if (settings.secret === '') log.error('PROSTAGMA_SECRET is empty')
  if (settings.host.startsWith('https:')) trustSystemRoots()
  const handled = openHandledCount(settings)
  if (handled.wasInterrupted) {
    log.error('The last script was interrupted and is not run again', { trigger: settings.trigger })
  }
  const metrics = createClientMetrics()
  const page = serveMetrics(metrics, settings.metricsPort, log)
  try {
    await watchTrigger({
      poll: createPoll(settings, clock),
      handled,
      runScript: () => runBuild(settings, { clock, log, metrics, signal }),
      interval: settings.pollInterval,
      clock,
      random: Math.random,
      metrics,
      log,
      trigger: settings.trigger,
      signal,
    })
  } finally {
    page.closeAllConnections()
    page.close()
  }
}
