import { createHash } from 'node:crypto'

import {
  findControlGroup,
  openControlGroup,
  pidsWithVariable,
  sendSignal,
  type Clock,
  type ControlGroup,
} from '../../system/index.ts'

/**
 * All processes that a hook or a deploy started. They are found by control group where we may make one, and by a
 * marker in their environment everywhere, so that neither a new session nor a dead parent hides one.
 */
export interface OwnProcesses {
  /** The environment variable that marks them. */
  readonly marker: Readonly<Record<string, string>>
  pids(): number[]
  /** The same, those of the control group first: all of /proc is looked through only when they were not enough. */
  each(): Iterable<number>
  /** How many of them the kernel ended for want of memory; 0 where it does not count. */
  outOfMemoryKills(): number
  /**
   * Sends `signal` to each, waits up to `grace` milliseconds, then kills what is left.
   * Answers whether all of them are gone.
   */
  end(how: EndRequest): Promise<boolean>
}

export interface EndRequest {
  readonly clock: Clock
  readonly signal: NodeJS.Signals
  /** Milliseconds between the signal and SIGKILL. */
  readonly grace: number
  /** A process that is not signalled and not waited for. */
  readonly except?: number
}

/** The processes marked with `variable=value`. */
export function ownProcesses(variable: string, value: string): OwnProcesses {
  const name = groupName(variable, value)
  function* each(): Generator<number> {
    yield* findControlGroup(name)?.pids() ?? []
    yield* pidsWithVariable(variable, value)
  }
  const pids = (): number[] => [...new Set(each())]
  return {
    marker: { [variable]: value },
    pids,
    each,
    outOfMemoryKills: () => findControlGroup(name)?.outOfMemoryKills() ?? 0,
    end: (how) => endAll(pids, findControlGroup(name), how),
  }
}

/** The control group that processes marked so join, made when missing; undefined where we may not have one. */
export function groupFor(variable: string, value: string): ControlGroup | undefined {
  return openControlGroup(groupName(variable, value))
}

/** What a process could do to escape `OwnProcesses` on this machine, for `doctor`; undefined where it cannot. */
export function findEscape(): string | undefined {
  const probe = openControlGroup(`probe-${process.pid}`)
  if (probe?.remove()) return undefined
  return 'control groups may not be made here: a process that clears its environment and leaves its session is not found'
}

/** A short file name that two different markers never share. */
function groupName(variable: string, value: string): string {
  const hash = createHash('sha256').update(`${variable}=${value}`).digest('hex').slice(0, 12)
  return `${value.replaceAll(/[^\w.-]+/g, '-').slice(-60)}-${hash}`
}

async function endAll(
  pids: () => number[],
  group: ControlGroup | undefined,
  how: EndRequest,
): Promise<boolean> {
  const others = (): number[] => pids().filter((pid) => pid !== how.except)
  const present = others()
  for (const pid of present) sendSignal(pid, how.signal)
  if (present.length > 0 && !(await waitUntilNone(others, how.clock, how.grace))) {
    await killRepeatedly(others, group, how.clock)
  }
  group?.remove()
  return present.length === 0 || others().length === 0
}

async function killRepeatedly(
  others: () => number[],
  group: ControlGroup | undefined,
  clock: Clock,
): Promise<void> {
  // What forks faster than we read the list is caught by the group's own kill, or by the next round.
  const deadline = clock.monotonic() + 5000
  while (others().length > 0 && clock.monotonic() < deadline) {
    await group?.kill(clock)
    for (const pid of others()) sendSignal(pid, 'SIGKILL')
    await clock.sleep(10)
  }
}

async function waitUntilNone(
  others: () => number[],
  clock: Clock,
  milliseconds: number,
): Promise<boolean> {
  const deadline = clock.monotonic() + milliseconds
  // Most end at once; looking for those that do not is dear.
  for (let pause = 2; others().length > 0; pause = Math.min(2 * pause, 50)) {
    if (clock.monotonic() >= deadline) return false
    await clock.sleep(pause)
  }
  return true
}
