import { runOrFail } from '../src/system/index.ts'

/** What a command cost, children included. Seconds. */
export interface CommandCost {
  readonly wall: number
  readonly user: number
  readonly system: number
}

/** Runs a command several times in a row, its output thrown away; the cost is that of all runs together. */
export async function timeCommand(
  argv: readonly string[],
  options: {
    readonly times?: number
    readonly cwd?: string
    readonly env?: Readonly<Record<string, string>>
  } = {},
): Promise<CommandCost> {
  const { times = 1, ...place } = options
  const script = `TIMEFORMAT='%R %U %S'
time { for (( i = 0; i < ${times}; i++ )); do "$@" > /dev/null 2>&1 || exit; done }`
  // Only bash knows the times of its children to the millisecond.
  const words = ['bash', '-c', `{ ${script}; } 2>&1`, 'bash', ...argv]
  const [wall = 0, user = 0, system = 0] = (await runOrFail(words, { ...place, timeout: 300_000 }))
    .trim()
    .split(' ')
    .map(Number)
  return { wall, user, system }
}
