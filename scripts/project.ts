import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { toAppError } from '../src/errors/index.ts'
import { acquireLock, makeDirectory, systemClock } from '../src/system/index.ts'

/** The clone; everything the scripts write stays inside it. */
export const projectRoot: string = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')

/** What scripts fetch and keep between runs. */
export const cacheFolder: string = join(projectRoot, '.cache')

/** An absolute path inside the clone. */
export function inProject(...parts: readonly string[]): string {
  return join(projectRoot, ...parts)
}

/** Runs `work` while no other script does work of this name in this clone; waits up to ten minutes for its turn. */
export async function taking<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const folder = join(cacheFolder, 'locks')
  makeDirectory(folder)
  const wait = 10 * 60_000
  const lock = await acquireLock(join(folder, name), { purpose: name, clock: systemClock, wait })
  try {
    return await work()
  } finally {
    lock.release()
  }
}

/** Runs a script's main function; a failure is told in full, with `lastLine` after it, and becomes exit status 1. */
export async function runScript(work: () => Promise<void>, lastLine?: string): Promise<void> {
  try {
    await work()
  } catch (thrown) {
    const error = toAppError(thrown)
    console.error(error.code === 'bug' ? thrown : `error: ${error.message}`)
    if (error.output !== undefined) console.error(error.output)
    if (error.hint !== undefined) console.error(`hint: ${error.hint}`)
    if (lastLine !== undefined) console.log(lastLine)
    process.exitCode = 1
  }
}
