import { AppError } from '../../errors/index.ts'
import type { Clock } from '../../system/index.ts'

export interface RateRule {
  readonly perMinute: number
  /** How many may come at once. */
  readonly burst: number
}

/** Each route belongs to one. */
export const rateRules = {
  /** Without a token, by address. */
  public: { perMinute: 300, burst: 100 },
  /** Three a connection of an agent, by address: a whole site of ten thousand may come back at once from one. */
  join: { perMinute: 60_000, burst: 60_000 },
  'failed-authentication': { perMinute: 10, burst: 10 },
  hook: { perMinute: 60, burst: 20 },
  // By token or agent.
  raise: { perMinute: 600, burst: 120 },
  poll: { perMinute: 600, burst: 120 },
  read: { perMinute: 600, burst: 120 },
  manage: { perMinute: 60, burst: 30 },
} as const satisfies Record<string, RateRule>

export type RateClass = keyof typeof rateRules

/** In place of the rules above, where the settings say so. */
export type OwnRates = Readonly<Partial<Record<RateClass, RateRule | undefined>>>

export interface RateOptions {
  readonly rates?: OwnRates
  /** Buckets that are kept. */
  readonly most?: number
}

export interface RateLimits {
  /** Takes one; answers the seconds to wait when there is none, else undefined. */
  take(rate: RateClass, key: string): number | undefined
  /** As `take`, without taking. */
  look(rate: RateClass, key: string): number | undefined
}

interface Bucket {
  readonly left: number
  readonly at: number
}

/** Token buckets in memory; of those used longest ago nothing is kept when there are too many. */
export function openRateLimits(
  clock: Pick<Clock, 'monotonic'>,
  { rates = {}, most = 100_000 }: RateOptions = {},
): RateLimits {
  const ruleOf = (rate: RateClass): RateRule => rates[rate] ?? rateRules[rate]
  const buckets = new Map<string, Bucket>()

  function leftNow(rate: RateClass, name: string): number {
    const { perMinute, burst } = ruleOf(rate)
    const bucket = buckets.get(name)
    if (bucket === undefined) return burst
    const grown = ((clock.monotonic() - bucket.at) / 60_000) * perMinute
    return Math.min(burst, bucket.left + grown)
  }
  function keep(name: string, left: number): void {
    buckets.delete(name)
    buckets.set(name, { left, at: clock.monotonic() })
    const [oldest] = buckets.keys()
    if (buckets.size > most && oldest !== undefined) buckets.delete(oldest)
  }
  function look(rate: RateClass, key: string): number | undefined {
    const left = leftNow(rate, `${rate} ${key}`)
    return left >= 1 ? undefined : Math.ceil(((1 - left) * 60) / ruleOf(rate).perMinute)
  }
  return {
    look,
    take: (rate, key) => {
      const wait = look(rate, key)
      const name = `${rate} ${key}`
      if (wait === undefined) keep(name, leftNow(rate, name) - 1)
      return wait
    },
  }
}

/** Tells its answer when to come again. */
export class RateError extends AppError {
  readonly seconds: number

  constructor(seconds: number) {
    super('rate-limited', `too many requests; again in ${seconds} s`, { retryable: true })
    this.seconds = seconds
  }
}

/** @throws RateError when there is something to wait for. */
export function assertRate(wait: number | undefined): void {
  if (wait !== undefined) throw new RateError(wait)
}
