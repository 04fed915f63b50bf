import { AppError } from '../../errors/index.ts'
import type { HookResult } from './hook-runner.ts'

/** How a hook ended, in words that follow its name: "exited with 3", "did not end in 10 minutes". */
export function describeHookEnd(
  result: Pick<HookResult, 'status' | 'signal' | 'timedOut'>,
): string {
  if (result.timedOut) return 'did not end in its time and was ended'
  if (result.signal !== null) return `was ended by ${result.signal}`
  const meaning = meanings[result.status ?? 0]
  return `exited with ${result.status}${meaning === undefined ? '' : ` (${meaning.words})`}`
}

/** @throws AppError `command-failed` or `command-timeout` with the last output, unless the hook succeeded. */
export function assertHookSucceeded(title: string, result: HookResult): void {
  if (result.status === 0 && !result.timedOut) return
  const hint = hintFor(result)
  throw new AppError(
    result.timedOut ? 'command-timeout' : 'command-failed',
    `${title} ${describeHookEnd(result)}`,
    { output: result.output, ...(hint === undefined ? {} : { hint }) },
  )
}

function hintFor(result: HookResult): string | undefined {
  if (result.timedOut) return 'give it more time, or look at its last output for what it waited for'
  if (result.signal === 'SIGKILL') return 'somebody killed it, or memory ran out: look at `dmesg`'
  return meanings[result.status ?? 0]?.hint
}

/** What /bin/sh says by these two. */
const meanings: Readonly<Record<number, { words: string; hint: string }>> = {
  126: {
    words: 'not executable',
    hint: 'make the file executable before packing, and check the interpreter in its first line',
  },
  127: {
    words: 'command not found',
    hint: 'check the name, PATH, and the interpreter in the first line of a script (a CRLF end spoils it)',
  },
}
