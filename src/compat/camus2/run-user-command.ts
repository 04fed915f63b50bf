import { realpathSync } from 'node:fs'

import { AppError } from '../../errors/index.ts'
import { childEnvironment, run, runUserLine, type RunResult } from '../../system/index.ts'

/**
 * Runs a line of a release with /bin/sh, its streams being ours. An empty line succeeds.
 * @throws AppError `command-failed` with Camus2's words.
 */
export async function runReleaseCommand(line: string, directory: string): Promise<void> {
  checkEnd(line, await runUserLine(line, { ...streamsIn(directory) }))
}

/** Runs a program without a shell, its streams being ours. @throws AppError `command-failed`. */
export async function runProgram(argv: readonly string[], directory: string): Promise<void> {
  checkEnd(showCommand(argv), await run(argv, streamsIn(directory)))
}

/** A command as a person would type it. */
export function showCommand(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : quote(word))).join(' ')
}

function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** PWD is the real directory: Docker Compose names its project after it, and it must not be `current`. */
function streamsIn(directory: string): {
  cwd: string
  env: Record<string, string>
  output: 'inherit'
} {
  const cwd = realpathSync(directory)
  return { cwd, env: childEnvironment({ PWD: cwd }), output: 'inherit' }
}

function checkEnd(command: string, result: RunResult): void {
  if (result.status === 0) return
  const end = result.signal === null ? `exit ${result.status}` : `signal ${result.signal}`
  throw new AppError('command-failed', `callCommand: ${command} (${end}): failed`)
}
