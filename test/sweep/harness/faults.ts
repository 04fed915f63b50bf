import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { run, type RunResult } from '../../../src/system/index.ts'
import { builtProgram } from '../../support/tools.ts'
import type { Machine } from '../../support/machine.ts'

/** System calls that change what lies on a disk. */
const mutatingCalls = [
  ...['open', 'openat', 'creat', 'write', 'pwrite64', 'ftruncate', 'fsync', 'fdatasync'],
  ...['rename', 'renameat', 'renameat2', 'link', 'linkat', 'symlink', 'symlinkat'],
  ...['unlink', 'unlinkat', 'mkdir', 'mkdirat', 'rmdir', 'copy_file_range'],
  ...['chmod', 'fchmod', 'fchmodat', 'chown', 'fchown', 'fchownat'],
] as const

/** One system call of a run: the n-th of its name on the main thread, counted from 1. */
export interface CallPoint {
  readonly call: string
  readonly nth: number
  /** The first path it is about, below the machine's folder; undefined for a descriptor. */
  readonly path: string | undefined
}

/** What happens at a point: SIGKILL before the call is executed, or an error instead of it. */
export type Fault = 'SIGKILL' | 'ENOSPC' | 'EIO' | 'EMFILE' | 'EACCES'

/**
 * Runs the program once under strace and lists its mutating calls in order. Only the main thread is looked at: there
 * the program makes every durable write, and its hooks and children are not hit by mistake.
 */
export async function listCalls(
  strace: string,
  machine: Machine,
  words: readonly string[],
): Promise<{ readonly points: readonly CallPoint[]; readonly end: RunResult }> {
  const file = join(machine.folder, 'calls.txt')
  const options = ['-qq', '-y', '-s', '0', '-o', file, '-e', `trace=${mutatingCalls.join(',')}`]
  const end = await start(machine, [strace, ...options], words)
  return { points: parseCalls(readFileSync(file, 'utf8'), machine.folder), end }
}

/** Runs the program with one fault; a run that is shorter than the point ends by itself. */
export async function runWithFault(
  strace: string,
  machine: Machine,
  order: {
    readonly words: readonly string[]
    readonly point: Omit<CallPoint, 'path'>
    readonly fault: Fault
  },
): Promise<RunResult> {
  const { point, fault, words } = order
  const effect = fault === 'SIGKILL' ? 'signal=SIGKILL' : `error=${fault}`
  const inject = `inject=${point.call}:${effect}:when=${point.nth}`
  const options = ['-qq', '-o', '/dev/null', '-e', `trace=${point.call}`, '-e', inject]
  return await start(machine, [strace, ...options], words)
}

function start(
  machine: Machine,
  prefix: readonly string[],
  words: readonly string[],
): Promise<RunResult> {
  const argv = [...prefix, builtProgram('sluice'), ...words]
  return run(argv, { cwd: machine.folder, env: machine.environment, timeout: 60_000 })
}

function parseCalls(text: string, folder: string): CallPoint[] {
  const counts = new Map<string, number>()
  const points: CallPoint[] = []
  for (const line of text.split('\n')) {
    const call = /^(\w+)\(/.exec(line)?.[1]
    if (call === undefined) continue
    const nth = (counts.get(call) ?? 0) + 1
    counts.set(call, nth)
    if (call.startsWith('open') && !/O_CREAT|O_TRUNC/.test(line)) continue
    points.push({ call, nth, path: pathIn(line, folder) })
  }
  return points
}

function pathIn(line: string, folder: string): string | undefined {
  const at = line.indexOf(`${folder}/`)
  return at === -1 ? undefined : /^[^">]*/.exec(line.slice(at + folder.length + 1))?.[0]
}
