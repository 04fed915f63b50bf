import type { AppError } from '../errors/index.ts'
import { sluiceVersion } from '../system/index.ts'
import { runProgram, showAfterwards, showUncaught, type ProgramIo } from '../terminal/index.ts'
import { openHostDoor } from './open-host.ts'
import { sluiceProgram } from './sluice-program.ts'

/** Runs `sluice` with the real host behind it; answers the exit status. */
export async function runSluice(argv: readonly string[], io: ProgramIo): Promise<number> {
  return await runProgram(sluiceProgram(openHostDoor(), process.cwd()), argv, io)
}

/** Shows what nobody caught; answers the exit status of a bug. */
export function showBug(thrown: unknown, io: ProgramIo): number {
  return showUncaught(thrown, io, sluiceVersion)
}

/** Shows that the output of a command was lost; answers the exit status for that. */
export function showUnwritten(error: AppError, io: ProgramIo): number {
  return showAfterwards(error, io, sluiceVersion)
}
