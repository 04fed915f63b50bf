export interface RestartPolicy {
  /** Milliseconds before the first restart; each further one waits twice as long, up to `longest`. */
  readonly first: number
  readonly longest: number
  /** Milliseconds of running after which a crash counts as the first again. */
  readonly settled: number
}

export const defaultRestartPolicy: RestartPolicy = {
  first: 1000,
  longest: 30_000,
  settled: 10_000,
}

/** Milliseconds to wait before the restart after `crashes` crashes in a row (1 or more). */
export function restartDelay({ first, longest }: RestartPolicy, crashes: number): number {
  return Math.min(longest, first * 2 ** Math.min(crashes - 1, 30))
}

/** How many crashes in a row there are now, after one that came when it had run so long. */
export function countCrashes({ settled }: RestartPolicy, before: number, ranFor: number): number {
  return ranFor >= settled ? 1 : before + 1
}
