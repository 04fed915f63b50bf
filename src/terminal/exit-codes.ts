import { errorCodes, type ErrorCode, type ErrorKind } from '../errors/index.ts'

/** Exit statuses are an interface: scripts depend on them, so a number never changes its meaning. */
export const exitCodes = {
  failed: 1,
  usage: 2,
  aborted: 3,
  refused: 4,
  locked: 5,
  partial: 6,
  bug: 70,
  unwritten: 74,
} as const satisfies Record<ErrorKind, number>

/** Ended by a second Ctrl-C, without waiting for a safe state. */
export const interruptedExitCode = 130

export interface ExitMeaning {
  readonly status: number
  readonly name: string
  readonly meaning: string
}

/** Every exit status, for help and docs/use/exit-codes.md. */
export const exitMeanings: readonly ExitMeaning[] = [
  { status: 0, name: 'succeeded', meaning: 'Done: what was asked for is so.' },
  {
    status: exitCodes.failed,
    name: 'failed',
    meaning: 'It failed and was undone: what served before still serves.',
  },
  { status: exitCodes.usage, name: 'usage', meaning: 'The command line could not be understood.' },
  {
    status: exitCodes.aborted,
    name: 'aborted',
    meaning:
      'Stopped by Ctrl-C, SIGTERM or a declined question; the output says which state it left.',
  },
  {
    status: exitCodes.refused,
    name: 'refused',
    meaning:
      'Refused because of what was given (configuration, archive, name); nothing is changed.',
  },
  {
    status: exitCodes.locked,
    name: 'locked',
    meaning: 'Somebody else works on this app; try again later or with `--wait`.',
  },
  {
    status: exitCodes.partial,
    name: 'partial',
    meaning: 'Neither all new nor all old: a person must look; the output says what is owed.',
  },
  {
    status: exitCodes.bug,
    name: 'bug',
    meaning: 'Something sluice did not expect; please report it with the stack.',
  },
  {
    status: exitCodes.unwritten,
    name: 'unwritten',
    meaning:
      'Done, but what it had to say could not be written (a full disk); see `sluice status` and `sluice history`.',
  },
  {
    status: interruptedExitCode,
    name: 'interrupted',
    meaning: 'Ended at once by a second Ctrl-C; `sluice resume` finishes or undoes what was begun.',
  },
]

/** The exit status of a failure with this code; codes of other versions count as failed. */
export function exitCodeOf(code: string): number {
  return isErrorCode(code) ? exitCodes[errorCodes[code].kind] : exitCodes.failed
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code)
}
