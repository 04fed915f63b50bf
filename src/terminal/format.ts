const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** Milliseconds as `120 ms`, `3.2 s`, `1 min 05 s`, `2 h 03 min` or `3 d 4 h`. */
export function formatDuration(milliseconds: number): string {
  const rounded = Math.max(0, Math.round(milliseconds))
  if (rounded < second) return `${rounded} ms`
  const tenths = Math.round(rounded / 100)
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`
  if (rounded < hour - 500) return inTwoUnits(rounded, minute, second, ['min', 's'])
  if (rounded < 2 * day) return inTwoUnits(rounded, hour, minute, ['h', 'min'])
  return inTwoUnits(rounded, day, hour, ['d', 'h'])
}

/** Bytes as `12 B`, `1.5 KiB`, `12 MiB`. */
export function formatSize(bytes: number): string {
  let value = bytes
  let unit = 'B'
  for (const next of ['KiB', 'MiB', 'GiB', 'TiB']) {
    if (Math.round(value) < 1024) break
    value /= 1024
    unit = next
  }
  const digits = unit === 'B' || value >= 9.95 ? 0 : 1
  return `${value.toFixed(digits)} ${unit}`
}

/** How long ago a moment was, as `just now`, `5 min ago`, `3 d ago`; a date when it is long past. */
export function formatAge(then: number, now: number): string {
  const age = now - then
  if (age < 10 * second) return 'just now'
  if (age < minute) return `${Math.floor(age / second)} s ago`
  if (age < hour) return `${Math.floor(age / minute)} min ago`
  if (age < 2 * day) return `${Math.floor(age / hour)} h ago`
  if (age < 60 * day) return `${Math.floor(age / day)} d ago`
  return formatTime(then).slice(0, 10)
}

/** A moment in UTC, as `2026-11-20 12:43:48Z`. */
export function formatTime(moment: number): string {
  return `${new Date(moment).toISOString().slice(0, 19).replace('T', ' ')}Z`
}

/** `1 request`, `2 requests`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function inTwoUnits(
  milliseconds: number,
  large: number,
  small: number,
  [largeName, smallName]: readonly [string, string],
): string {
  const total = Math.round(milliseconds / small)
  const perLarge = Math.round(large / small)
  const rest = String(total % perLarge).padStart(smallName === 'h' ? 1 : 2, '0')
  return `${Math.floor(total / perLarge)} ${largeName} ${rest} ${smallName}`
}
