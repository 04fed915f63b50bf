export interface RetryPolicy {
  /** Tries in a row that bring no new byte before the fetch is given up. */
  readonly attempts: number
  /** Milliseconds; the longest pause doubles with every failure. */
  readonly firstDelay: number
  readonly longestDelay: number
}

/** Milliseconds to wait: exponential with full jitter, and no less than the server asked for. */
export function retryDelay(
  policy: RetryPolicy,
  failures: number,
  asked: { readonly retryAfter: number | undefined; readonly random: () => number },
): number {
  const ceiling = Math.min(policy.longestDelay, policy.firstDelay * 2 ** (failures - 1))
  return Math.max(asked.random() * ceiling, asked.retryAfter ?? 0)
}

/** A Retry-After header (seconds, or a date) as milliseconds from now; undefined when there is none. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,6}$/.test(header)) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
