/** Longest duration a file may ask for: 24 days, because a timer takes no more. */
export const longestDuration = 24 * 24 * 3_600_000

const millisecondsOf: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

export const durationPattern = /^(\d{1,9})(ms|s|m|h)$/

/** `250ms`, `10s`, `5m`, `1h` as milliseconds; undefined when it is none, or longer than 24 days. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit = ''] = durationPattern.exec(text) ?? []
  if (digits === undefined) return undefined
  const milliseconds = Number(digits) * (millisecondsOf[unit] ?? 0)
  return milliseconds <= longestDuration ? milliseconds : undefined
}

const bytesOf: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

export const byteSizePattern = /^(\d{1,15})(B|[KMGT]B|[KMGT]iB)?$/

/** `10GiB`, `512MiB`, `100MB`, `4096` as bytes; undefined when it is none, or cannot be counted exactly. */
export function parseByteSize(text: string): number | undefined {
  const [, digits, unit = ''] = byteSizePattern.exec(text) ?? []
  if (digits === undefined) return undefined
  const bytes = Number(digits) * (bytesOf[unit] ?? 0)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}
