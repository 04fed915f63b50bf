import { runScript, type ScriptEvent, type ScriptReporter } from '../../../agent/index.ts'
import { AppError, toAppError } from '../../../errors/index.ts'
import { childEnvironment, describeEnd, readIfPresent, type Clock } from '../../../system/index.ts'
import type { Log } from '../log.ts'
import type { ClientSettings } from '../settings.ts'
import { parseBuildScript, UnknownCommand, type BuildScript } from './build-script.ts'
import type { ClientMetrics } from './client-metrics.ts'
import { openServerFiles } from './server-files.ts'

export interface BuildContext {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: ClientMetrics
  readonly signal: AbortSignal
}

/** Reads the build script and runs it to its end or its first failure, which the log and the metrics tell. */
export async function runBuild(settings: ClientSettings, context: BuildContext): Promise<void> {
  const { clock, log, metrics } = context
  const script = await loadScript(settings.script, log)
  if (script === undefined) return metrics.runs.add({ result: 'unreadable' })
  const begin = clock.monotonic()
  const { error, succeeded } = await runScript(script, {
    clock,
    shell: settings.shell,
    env: childEnvironment(),
    files: openServerFiles(settings, log),
    report: reportTo(log),
    signal: context.signal,
    grace: settings.grace,
  })
  metrics.durations.observe((clock.monotonic() - begin) / 1000)
  metrics.ranAt(clock.now() / 1000)
  metrics.runs.add({ result: error === undefined ? 'ok' : 'failed' })
  if (error !== undefined) tellStop(error, succeeded, log)
}

async function loadScript(path: string, log: Log): Promise<BuildScript | undefined> {
  try {
    const text = readIfPresent(path)?.toString('utf8')
    if (text === undefined) throw new AppError('not-found', `${path} does not exist`)
    return await parseBuildScript(text)
  } catch (thrown) {
    log.error('Could not load build script', { path, error: toAppError(thrown).message })
    return undefined
  }
}

function tellStop(error: AppError, succeeded: number, log: Log): void {
  if (error instanceof UnknownCommand) {
    log.error('Unknown step command', { command: error.command, error: error.message })
  }
  log.error('Build script stopped', { succeeded, error: error.message })
}

/** Writes what a script does into the log in the reference's words. */
function reportTo(log: Log): ScriptReporter {
  let wasTold = false
  return (event) => {
    if (event.type === 'script-step-started') wasTold = false
    if (event.type === 'script-line-ended') wasTold = tellLine(event, log)
    if (event.type === 'script-step-ended' && event.error !== undefined && !wasTold) {
      log.error(isOfShell(event.error) ? 'Error running command' : 'Could not download file', {
        step: event.name,
        error: event.error.message,
      })
    }
  }
}

type LineEnded = Extract<ScriptEvent, { type: 'script-line-ended' }>

/** Answers whether it told a failure. */
function tellLine({ command, output, end }: LineEnded, log: Log): boolean {
  if (end.status === 0 && !end.timedOut) {
    log.info('Ran command', { command, output })
    return false
  }
  log.error('Error running command', { command, output, error: describeEnd(end) })
  return true
}

function isOfShell({ code }: AppError): boolean {
  return code === 'command-failed' || code === 'command-timeout' || code === 'aborted'
}
