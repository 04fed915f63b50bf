import type { ChildProcess } from 'node:child_process'
import { closeSync, constants, ftruncateSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'

import { AppError } from '../../errors/index.ts'
import { randomText, sendSignal, startDetached, withPath, type Clock } from '../../system/index.ts'
import type { LineEnd } from './script-step.ts'

export interface LineRequest {
  /** Words before the shell's, such as those of runAs. */
  readonly before: readonly string[]
  readonly shell: string
  readonly line: string
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string | undefined
  readonly clock: Clock
  /** Asks the line to come to its end; it is ended `grace` milliseconds later. */
  readonly stop: AbortSignal
  readonly grace: number
  /** Moment of the clock's `monotonic` at which the line is ended. */
  readonly deadline: number
  /** Takes output as it comes. */
  readonly output: (text: string) => void
}

export interface LineResult extends LineEnd {
  /** Standard output and error as they came, the last 64 KiB. */
  readonly output: string
}

/** Milliseconds between SIGTERM and SIGKILL. */
const killDelay = 2000
/** Milliseconds between two looks at the output. */
const outputInterval = 100

/**
 * Runs one line with the shell, in a process group of its own, and waits until the shell has ended. What it leaves in
 * the background lives on, unless the line had to be ended. @throws AppError `command-failed` when it cannot be started.
 */
export async function runLine(request: LineRequest): Promise<LineResult> {
  const file = openOutput(request.output)
  try {
    const { child, ended } = start(request, file.descriptor)
    const timedOut = await watch(request, child, ended, file)
    const end = await ended
    file.pump()
    return { ...end, timedOut, output: file.tail() }
  } finally {
    file.close()
  }
}

type ExitOf = Pick<LineEnd, 'status' | 'signal'>

interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<ExitOf>
}

function start({ before, shell, line, env, cwd }: LineRequest, output: number): Started {
  const child = startDetached([...before, shell, '-c', line], {
    env,
    stdout: output,
    stderr: output,
    ...(cwd === undefined ? {} : { cwd }),
  })
  const ended = new Promise<ExitOf>((resolve, reject) => {
    child.once('exit', (status, signal) => resolve({ status, signal }))
    child.once('error', (error) => {
      const problem = `${shell} could not be started: ${error.message}`
      reject(new AppError('command-failed', problem, { cause: error }))
    })
  })
  return { child, ended }
}

/** Tells output until the line has ended, and ends it when its time is over; answers whether that was so. */
async function watch(
  { clock, stop, grace, deadline }: LineRequest,
  child: ChildProcess,
  ended: Promise<ExitOf>,
  file: LineOutput,
): Promise<boolean> {
  const running = new AbortController()
  // A failure is the caller's to see, who awaits the same promise.
  const finish = (): void => running.abort()
  void ended.then(finish, finish)
  let stopAt = Infinity
  let killAt = Infinity
  let timedOut = false
  while (!running.signal.aborted) {
    file.pump()
    const now = clock.monotonic()
    if (stop.aborted) stopAt = Math.min(stopAt, now + grace)
    if (killAt === Infinity && now >= Math.min(stopAt, deadline)) {
      timedOut = now >= deadline
      killAt = now + killDelay
      signalGroup(child, 'SIGTERM')
    }
    if (now >= killAt) signalGroup(child, 'SIGKILL')
    await clock.sleep(outputInterval, running.signal).catch(() => undefined)
  }
  // The shell is gone; what it started and did not hear the first signal goes with it.
  if (killAt !== Infinity) signalGroup(child, 'SIGKILL')
  return timedOut
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined) sendSignal(-pid, signal)
}

interface LineOutput {
  /** What the line writes to. */
  readonly descriptor: number
  pump(): void
  tail(): string
  close(): void
}

/** Bytes of one line's output that are kept for the report. */
const keptBytes = 64 * 1024
/** Bytes on the disk beyond which what has been told is thrown away. */
const longestFile = 16 * 1024 * 1024

/** A file without a name takes both streams, so that their order is kept and a background process holds nobody up. */
function openOutput(tell: (text: string) => void): LineOutput {
  const descriptor = openUnnamed()
  const decoder = new StringDecoder('utf8')
  const buffer = Buffer.alloc(keptBytes)
  let offset = 0
  let kept = Buffer.alloc(0)

  function pump(): void {
    for (;;) {
      const count = readSync(descriptor, buffer, 0, buffer.length, offset)
      if (count === 0) break
      offset += count
      kept = Buffer.concat([kept, buffer.subarray(0, count)]).subarray(-keptBytes)
      const text = decoder.write(buffer.subarray(0, count))
      if (text !== '') tell(text)
    }
    if (offset <= longestFile) return
    ftruncateSync(descriptor)
    offset = 0
  }

  return {
    descriptor,
    pump,
    tail: () => kept.toString('utf8'),
    close: () => closeSync(descriptor),
  }
}

function openUnnamed(): number {
  const path = join(tmpdir(), `.sluice-output.${process.pid}.${randomText(12)}`)
  const { O_RDWR, O_CREAT, O_EXCL, O_APPEND, O_NOFOLLOW } = constants
  const flags = O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW
  return withPath(path, () => {
    const descriptor = openSync(path, flags, 0o600)
    rmSync(path)
    return descriptor
  })
}
