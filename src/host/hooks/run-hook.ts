import { statSync } from 'node:fs'

import { AppError } from '../../errors/index.ts'
import { bootId, identify, isAlive, makeDirectory, type Clock } from '../../system/index.ts'
import { followOutput, readOutputTail, type HookOutput } from './hook-output.ts'
import {
  beginAttempt,
  noteStop,
  readHookState,
  readShellStatus,
  readStop,
  voidAttempt,
  type HookAttempt,
  type HookState,
} from './hook-record.ts'
import type { HookRequest, HookResult } from './hook-runner.ts'
import { ownProcesses } from './own-processes.ts'
import { hookVariable, outputPath, startRunner } from './start-runner.ts'

export interface HookContext {
  readonly clock: Clock
  /** When aborted the hook is ended as at its time-out, and the signal's reason is thrown. */
  readonly signal: AbortSignal
  /** Takes the lines of output as they come, control characters made visible. */
  readonly line?: (line: string) => void
  /** Milliseconds between SIGTERM and SIGKILL; 10 seconds unless given. */
  readonly grace?: number
  /** Bytes of output kept from the beginning, and as many from the end; 5 MiB unless given. */
  readonly outputLimit?: number
}

/**
 * Runs a command of the release once, or waits for the run that an earlier process of ours started. The hook does
 * not end with us: after a kill -9 the same call reports its true result. When this returns or throws, nothing of
 * the hook runs any more, except what `mayLeaveProcesses` allows.
 * @throws AppError `outcome-unknown` when it was started and nobody can know how it ended.
 */
export async function runHook(request: HookRequest, context: HookContext): Promise<HookResult> {
  makeDirectory(request.directory, 0o700)
  const { attempt, runnerPid, reattached } = await joinOrStart(request, context)
  const state = await watchToTheEnd({ attempt, runnerPid, reattached }, request, context)
  if (state.state === 'fresh') throw new AppError('bug', `${request.directory} was emptied`)
  const killed = await endLeftovers(request, state, context)
  context.signal.throwIfAborted()
  return { ...resultOf(request, state), reattached, killed }
}

interface Joined {
  readonly attempt: HookAttempt
  /** Our own child, while its claim may not be written yet. */
  readonly runnerPid: number | undefined
  readonly reattached: boolean
}

async function joinOrStart(request: HookRequest, context: HookContext): Promise<Joined> {
  const found = await readEnd(request.directory, context)
  switch (found.state) {
    case 'fresh':
      return startAttempt(request, 1, context)
    case 'unclaimed':
      if (!voidAttempt(request.directory, found.attempt)) return joinOrStart(request, context)
      return startAttempt(request, found.attempt.number + 1, context)
    case 'lost':
      await endLeftovers({ ...request, mayLeaveProcesses: false }, found, context)
      if (!request.idempotent) throw unknownOutcome(request, found.attempt)
      return startAttempt(request, found.attempt.number + 1, context)
    case 'running':
    case 'ended':
    case 'killed':
      return { attempt: found.attempt, runnerPid: undefined, reattached: true }
  }
}

function startAttempt(
  request: HookRequest,
  number: number,
  { clock, signal }: HookContext,
): Joined {
  signal.throwIfAborted()
  const outputFrom = statSync(outputPath(request), { throwIfNoEntry: false })?.size ?? 0
  const attempt: HookAttempt = { number, bootId: bootId(), at: clock.now(), outputFrom }
  beginAttempt(request.directory, attempt)
  return { attempt, runnerPid: startRunner(request, attempt), reattached: false }
}

/** Watches until the files tell the end. */
async function watchToTheEnd(
  { attempt, runnerPid }: Joined,
  request: HookRequest,
  context: HookContext,
): Promise<HookState> {
  for (;;) {
    const ended = await watch(request, attempt, runnerPid, context)
    const state = await readEnd(request.directory, context)
    if (ended === 'by us' || state.state !== 'running') return state
  }
}

/** What cannot be taken back is not said after one look: /proc may fail to answer for a moment. */
async function readEnd(directory: string, { clock }: HookContext): Promise<HookState> {
  for (let looks = 1; ; looks++) {
    const state = readHookState(directory)
    if (state.state !== 'lost' || looks === 10) return state
    await clock.sleep(20)
  }
}

/** Waits for the end of the runner, telling output; ends the hook at its time-out or when we are aborted. */
async function watch(
  request: HookRequest,
  attempt: HookAttempt,
  runnerPid: number | undefined,
  context: HookContext,
): Promise<'by itself' | 'by us'> {
  const { clock, signal } = context
  const output = openOutput(request, attempt, context)
  const child = runnerPid === undefined ? undefined : identify(runnerPid)
  const deadline = clock.monotonic() + remainingTime(request, attempt, clock)
  let ended: 'by itself' | 'by us' = 'by itself'
  for (let rounds = 0; isRunning(request.directory, child); rounds++) {
    output.pump()
    const late = clock.monotonic() >= deadline
    if (late || signal.aborted) {
      noteStop(request.directory, attempt, late ? 'time-out' : 'abort')
      await endHook(request, context)
      ended = 'by us'
      break
    }
    // A short hook is not kept waiting, a long one costs little.
    await clock.sleep(rounds < 40 ? 5 : 50)
  }
  output.finish()
  return ended
}

function isRunning(directory: string, child: ReturnType<typeof identify>): boolean {
  const { state } = readHookState(directory)
  if (state === 'running') return true
  return state === 'unclaimed' && child !== undefined && isAlive(child)
}

async function endHook(
  request: HookRequest,
  { clock, grace = 10_000 }: HookContext,
): Promise<void> {
  const state = readHookState(request.directory)
  const except = state.state === 'running' ? { except: state.runner.pid } : {}
  const processes = ownProcesses(hookVariable, request.name)
  await processes.end({ clock, grace, signal: 'SIGTERM', ...except })
  // The runner has a status to write once its command is gone; if it was killed as well, there is none to wait for.
  const deadline = clock.monotonic() + 2000
  while (readHookState(request.directory).state === 'running' && clock.monotonic() < deadline) {
    await clock.sleep(5)
  }
}

/** Kills what the hook left behind although it should not; answers how many processes that were. */
async function endLeftovers(
  request: HookRequest,
  state: HookState,
  { clock }: HookContext,
): Promise<number> {
  const fromThisBoot = state.state !== 'fresh' && state.attempt.bootId === bootId()
  if (request.mayLeaveProcesses || !fromThisBoot) return 0
  const processes = ownProcesses(hookVariable, request.name)
  const left = processes.pids()
  await processes.end({ clock, grace: 100, signal: 'SIGTERM' })
  return left.length
}

function resultOf(
  request: HookRequest,
  state: Exclude<HookState, { state: 'fresh' }>,
): Omit<HookResult, 'reattached' | 'killed'> {
  const last = { output: lastOutput(request, state.attempt) }
  if (state.state === 'unclaimed') {
    throw new AppError('command-failed', `"${request.command}" could not be started`, last)
  }
  if (state.state !== 'ended' && state.state !== 'killed')
    throw unknownOutcome(request, state.attempt)
  const end =
    state.state === 'ended'
      ? readShellStatus(state.status)
      : { status: null, signal: 'SIGKILL' as const }
  const timedOut = readStop(request.directory, state.attempt) === 'time-out'
  return { ...end, timedOut, ...last }
}

function openOutput(request: HookRequest, attempt: HookAttempt, context: HookContext): HookOutput {
  return followOutput(outputPath(request), {
    from: attempt.outputFrom,
    line: context.line ?? (() => undefined),
    limit: context.outputLimit ?? 5 * 1024 * 1024,
  })
}

/** Counted from the start of the attempt, also by a process that joins later. */
function remainingTime(request: HookRequest, attempt: HookAttempt, clock: Clock): number {
  return request.timeout - Math.max(0, clock.now() - attempt.at)
}

function unknownOutcome(request: HookRequest, attempt: HookAttempt): AppError {
  return new AppError('outcome-unknown', `nobody can know how "${request.command}" ended`, {
    hint: `its output is in ${outputPath(request)}; look what it did, then start a new deployment`,
    output: lastOutput(request, attempt),
  })
}

function lastOutput(request: HookRequest, attempt: HookAttempt): string {
  return readOutputTail(outputPath(request), 4096, attempt.outputFrom)
}
