import { AppError, errnoOf } from '../errors/index.ts'
import type { Environment, ProgramIo } from '../terminal/index.ts'
import { countOutput, type CountedOutput } from './counted-output.ts'

export interface ProcessIo extends ProgramIo {
  readonly stdout: CountedOutput
  readonly stderr: CountedOutput
}

/**
 * The outside world of this process. A reader that goes away (`sluice history | head -1`) is no failure, and output that
 * cannot be written never ends a deployment half-way; who only writes for a reader listens to `unread`.
 */
export function processIo(environment: Environment): ProcessIo {
  const unread = new AbortController()
  return {
    stdout: countOutput(process.stdout, (error) => unread.abort(error)),
    stderr: countOutput(process.stderr, () => undefined),
    environment,
    signals: process,
    exit: (status) => process.exit(status),
    unread: unread.signal,
  }
}

export interface Ending {
  readonly status: number
  readonly io: ProcessIo
  /** Says on standard error that output was lost; answers the status that takes the place of success. */
  readonly showUnwritten: (error: AppError) => number | Promise<number>
}

/** Ends the process when all that was written has left it, with success only if it could be written. */
export async function exitWhenWritten({ status, io, showUnwritten }: Ending): Promise<never> {
  await io.stdout.written()
  const error = unwrittenOutput(io.unread)
  const replaced = error === undefined ? 0 : await showUnwritten(error)
  await io.stderr.written()
  process.exit(status === 0 ? replaced : status)
}

function unwrittenOutput({ aborted, reason }: AbortSignal): AppError | undefined {
  if (!aborted || errnoOf(reason) === 'EPIPE') return undefined
  const cause = reason instanceof Error ? reason.message : String(reason)
  return new AppError('output-unwritten', `standard output could not be written: ${cause}`, {
    cause: reason,
    hint: 'what the command did is done; `sluice status` and `sluice history` tell it',
  })
}
