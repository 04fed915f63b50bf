import { dirname, join } from 'node:path'

import { AppError, withContext } from '../../errors/index.ts'
import { bootId, makeDirectory, removeTree, tcpListenerInodes } from '../../system/index.ts'
import { assertHookSucceeded } from '../hooks/describe-hook.ts'
import { readHookState } from '../hooks/hook-record.ts'
import type { HookRequest, HookResult } from '../hooks/hook-runner.ts'
import { ownProcesses } from '../hooks/own-processes.ts'
import { runHook } from '../hooks/run-hook.ts'
import { hookVariable } from '../hooks/start-runner.ts'
import { describeHolder, isPortTaken } from './port-state.ts'
import type { DriverContext, ProcessDriver, ServiceSpec } from './process-driver.ts'

export interface CommandDriverOptions {
  /** Milliseconds a start or stop line may take. */
  readonly timeout: number
  /** Takes the lines that the commands print. */
  readonly line?: (spec: ServiceSpec, line: string) => void
}

/**
 * Runs the release's own start and stop lines: docker compose, an init script, anything. What they start is not
 * ours to watch, so this driver cannot tell whether it runs or whose the listener is.
 *
 * A start is remembered beside the log until the stop, so that a repeated start does nothing; after a reboot it is
 * forgotten, because nothing of it can still run.
 */
export function createCommandDriver(options: CommandDriverOptions): ProcessDriver {
  return {
    name: 'command',
    start: (spec, context) => startByLine(spec, options, context),
    stop: (spec, context) => stopByLine(spec, options, context),
    observe: async () => ({ state: 'unknown' }),
    ownPids: async () => undefined,
  }
}

async function startByLine(
  spec: ServiceSpec,
  options: CommandDriverOptions,
  context: DriverContext,
): Promise<void> {
  if (readHookState(attemptPath(spec, 'stop')).state === 'running')
    await stopByLine(spec, options, context)
  forget(spec, 'stop')
  forgetUseless(spec)
  const result = await runLine(spec, 'start', options, context)
  assertHookSucceeded('the start command', result)
}

async function stopByLine(
  spec: ServiceSpec,
  options: CommandDriverOptions,
  context: DriverContext,
): Promise<void> {
  // A stop may be repeated; a stop that is under way is joined.
  if (readHookState(attemptPath(spec, 'stop')).state === 'ended') forget(spec, 'stop')
  const result = await runLine(spec, 'stop', options, context)
  try {
    assertHookSucceeded('the stop command', result)
  } catch (error) {
    throw asStopFailure(error)
  }
  await endRest(spec, context)
  await assertPortReleased(spec, context)
  forget(spec, 'start')
}

function runLine(
  spec: ServiceSpec,
  which: 'start' | 'stop',
  { timeout, line }: CommandDriverOptions,
  context: DriverContext,
): Promise<HookResult> {
  const request: HookRequest = {
    directory: attemptPath(spec, which),
    name: attemptName(spec, which),
    command: which === 'start' ? spec.command : spec.stopCommand,
    cwd: spec.directory,
    env: spec.env,
    owner: spec.owner,
    timeout,
    idempotent: which === 'stop',
    mayLeaveProcesses: which === 'start',
    outputFile: spec.logFile,
  }
  makeDirectory(dirname(request.directory))
  return runHook(request, {
    ...context,
    outputLimit: spec.logLimit,
    ...(line === undefined ? {} : { line: (text: string) => line(spec, text) }),
  })
}

/** A start that failed, or that an earlier boot did, does not stand in the way of a new one. */
function forgetUseless(spec: ServiceSpec): void {
  const state = readHookState(attemptPath(spec, 'start'))
  if (state.state === 'fresh') return
  const isOld = state.attempt.bootId !== bootId()
  const hasFailed = state.state === 'killed' || (state.state === 'ended' && state.status !== 0)
  if (isOld || hasFailed) forget(spec, 'start')
}

/** What the start line left running and the stop line did not end is ended by us. */
async function endRest(spec: ServiceSpec, { clock }: DriverContext): Promise<void> {
  const rest = ownProcesses(hookVariable, attemptName(spec, 'start'))
  const gone = await rest.end({ clock, grace: spec.grace, signal: spec.stopSignal })
  if (gone) return
  throw new AppError(
    'stop-failed',
    `${spec.app}/${spec.label} still has processes after SIGKILL: ${rest.pids().join(', ')}`,
  )
}

async function assertPortReleased(spec: ServiceSpec, { clock }: DriverContext): Promise<void> {
  const { port, grace, app, label } = spec
  if (port === undefined) return
  const deadline = clock.monotonic() + grace
  while (isPortTaken(port)) {
    if (clock.monotonic() >= deadline) {
      const holder = describeHolder(tcpListenerInodes(port))
      throw new AppError(
        'stop-failed',
        `${app}/${label} was stopped, but ${holder} still listens on its port ${port}`,
        { hint: 'make the stop command wait for its end, or stop that process by hand' },
      )
    }
    await clock.sleep(50)
  }
}

function asStopFailure(thrown: unknown): AppError {
  const { message, output, hint } = withContext('not stopped', thrown)
  return new AppError('stop-failed', message, {
    cause: thrown,
    ...(output === undefined ? {} : { output }),
    ...(hint === undefined ? {} : { hint }),
  })
}

function forget(spec: ServiceSpec, which: 'start' | 'stop'): void {
  removeTree(attemptPath(spec, which))
}

function attemptPath(spec: ServiceSpec, which: 'start' | 'stop'): string {
  return join(dirname(spec.logFile), `${spec.label}.${which}`)
}

/** The log file's path makes it unique on this machine. */
function attemptName(spec: ServiceSpec, which: 'start' | 'stop'): string {
  return `${attemptPath(spec, which)}@${spec.app}`
}
