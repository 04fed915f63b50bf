/**
 * The smallest value that at least `share` (0 to 1) of all values do not exceed (nearest rank); undefined for none.
 */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}
