import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process'

import { AppError } from '../errors/index.ts'

// The only file that starts processes.

export interface RunOptions {
  readonly cwd?: string
  /** The whole environment of the child; ours, cleaned, unless given. */
  readonly env?: Readonly<Record<string, string>>
  /** Written to standard input, which is empty otherwise. */
  readonly input?: string
  /** Milliseconds until SIGTERM; a second later SIGKILL. */
  readonly timeout?: number
  /** `inherit` shows the output live and keeps none; otherwise the last 64 KiB of each stream are kept. */
  readonly output?: 'keep' | 'inherit'
  readonly signal?: AbortSignal
}

export interface RunResult {
  /** Exit status, or 128 + signal number's name in `signal`. */
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly timedOut: boolean
}

const keptBytes = 64 * 1024

/** Runs a program without a shell and waits for it. A status other than 0 is a result, not an error. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [program, ...rest] = argv
  if (program === undefined) throw new AppError('bug', 'run was given an empty command')
  const streams: StdioOptions =
    options.output === 'inherit' ? ['inherit', 'inherit', 'inherit'] : ['pipe', 'pipe', 'pipe']
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env: options.env ?? childEnvironment(),
    stdio: streams,
  })
  return await collect(child, program, options)
}

/** Runs a program and fails unless it exits with 0; answers its standard output. */
export async function runOrFail(
  argv: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await run(argv, options)
  if (result.status === 0) return result.stdout
  throw new AppError('command-failed', `${argv.join(' ')} ${describeEnd(result)}`, {
    output: result.stderr || result.stdout,
  })
}

/** Runs a line that a user wrote, with /bin/sh. Such a line is never put together from parts. */
export function runUserLine(line: string, options: RunOptions = {}): Promise<RunResult> {
  return run(['/bin/sh', '-c', line], options)
}

/** Runs a short program synchronously; `descriptors` become 3, 4, … in the child. */
export function runSync(
  argv: readonly string[],
  descriptors: readonly number[] = [],
): { status: number | null; stdout: string; error?: Error } {
  const [program = '', ...rest] = argv
  const result = spawnSync(program, rest, {
    stdio: ['ignore', 'pipe', 'ignore', ...descriptors],
    env: childEnvironment(),
    encoding: 'utf8',
  })
  const answer = { status: result.status, stdout: result.stdout ?? '' }
  return result.error === undefined ? answer : { ...answer, error: result.error }
}

export interface DetachedOptions {
  readonly cwd?: string
  readonly env: Readonly<Record<string, string>>
  /** Open descriptors for standard output and error; standard input is empty. */
  readonly stdout: number
  readonly stderr: number
  /** More descriptors, as 3, 4, … in the child. */
  readonly descriptors?: readonly number[]
  readonly uid?: number
  readonly gid?: number
}

/** Starts a program in a session of its own that outlives us; answers the child for its pid and exit. */
export function startDetached(argv: readonly string[], options: DetachedOptions): ChildProcess {
  const [program = '', ...rest] = argv
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', options.stdout, options.stderr, ...(options.descriptors ?? [])],
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  })
  child.unref()
  return child
}

/** Variables that would change how a JavaScript runtime starts; children of ours never get them. */
const runtimeVariables = /^(NODE_OPTIONS|BUN_.*)$/

/** Our environment without what steers a runtime, plus `extra`. */
export function childEnvironment(
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !runtimeVariables.test(name)) environment[name] = value
  }
  return { ...environment, ...extra }
}

/** "exited with 3", "was ended by SIGKILL", "did not end in time". */
export function describeEnd(result: Pick<RunResult, 'status' | 'signal' | 'timedOut'>): string {
  if (result.timedOut) return 'did not end in time'
  return result.signal === null ? `exited with ${result.status}` : `was ended by ${result.signal}`
}

function collect(child: ChildProcess, program: string, options: RunOptions): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const stdout = keepTail(child.stdout)
    const stderr = keepTail(child.stderr)
    const stopTimer = endAfter(child, options)
    child.once('error', (error) => {
      stopTimer.cancel()
      reject(
        new AppError('command-failed', `${program} could not be started: ${error.message}`, {
          cause: error,
        }),
      )
    })
    child.once('close', (status, signal) => {
      stopTimer.cancel()
      resolve({ status, signal, stdout: stdout(), stderr: stderr(), timedOut: stopTimer.fired() })
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.input ?? '')
  })
}

function endAfter(child: ChildProcess, options: RunOptions): { cancel(): void; fired(): boolean } {
  let fired = false
  let killTimer: NodeJS.Timeout | undefined
  const end = (): void => {
    child.kill('SIGTERM')
    killTimer = setTimeout(() => child.kill('SIGKILL'), 1000)
  }
  const timer =
    options.timeout === undefined
      ? undefined
      : setTimeout(() => {
          fired = true
          end()
        }, options.timeout)
  options.signal?.addEventListener('abort', end, { once: true })
  return {
    cancel: () => {
      clearTimeout(timer)
      clearTimeout(killTimer)
      options.signal?.removeEventListener('abort', end)
    },
    fired: () => fired,
  }
}

function keepTail(stream: NodeJS.ReadableStream | null): () => string {
  let kept = Buffer.alloc(0)
  stream?.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]).subarray(-keptBytes)
  })
  return () => kept.toString('utf8')
}
