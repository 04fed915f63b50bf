import { ServerPause } from './server/ask-server.ts'

/** How long to wait after failures in a row. */
export interface BackOff {
  /** Milliseconds to wait after this failure: between 0 and a bound that doubles, or what the server asked for. */
  failed(thrown: unknown): number
  succeeded(): void
}

export interface BackOffBounds {
  /** Milliseconds. */
  readonly first: number
  readonly most: number
}

/** From one second to a minute. */
export const networkBounds: BackOffBounds = { first: 1000, most: 60_000 }

/** `random` is between 0 and 1. Full jitter: agents that failed together do not come back together. */
export function openBackOff(bounds = networkBounds, random: () => number = Math.random): BackOff {
  let failures = 0
  return {
    failed: (thrown) => {
      const bound = Math.min(bounds.most, bounds.first * 2 ** failures)
      failures = Math.min(failures + 1, 20)
      // A small floor, so that chance never makes a tight loop.
      const delay = Math.max(bounds.first / 10, bound * random())
      if (!(thrown instanceof ServerPause)) return delay
      return Math.min(mostAsked, thrown.pause) + delay
    },
    succeeded: () => {
      failures = 0
    },
  }
}

/** What a server may ask for, in milliseconds. */
const mostAsked = 5 * 60_000
