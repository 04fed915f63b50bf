// Foreign text (output of hooks, names, messages of other programs) must not steer the terminal it is shown on.

/** Longest line shown; more is cut, because one line of a log may be a megabyte. */
const longestLine = 2000

/**
 * C0 without tab and newline, DEL, C1, directional marks and overrides, invisible spaces and line separators, and halves
 * of surrogate pairs.
 */
const unsafe =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/gu

/** Text with every character that could steer a terminal shown as `\x1b` or `\u202e`; newlines and tabs stay. */
export function safeText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(unsafe, escapeCharacter)
}

/** One line of foreign text, made safe and cut to a bearable length. */
export function safeLine(text: string): string {
  const cut = text.length > longestLine ? `${text.slice(0, longestLine)}…` : text
  return safeText(cut).replaceAll('\n', '\\n').replaceAll('\t', '  ')
}

/** The same data with every string made safe, keys included. */
export function safeCopy<Value>(value: Value): Value {
  return copySafely(value) as Value
}

/** JSON in one line whose strings carry no raw control characters either; parsing gives the same data. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(unsafe, (character) => {
    const code = character.charCodeAt(0)
    return `\\u${code.toString(16).padStart(4, '0')}`
  })
}

function copySafely(value: unknown): unknown {
  if (typeof value === 'string') return safeText(value)
  if (Array.isArray(value)) return value.map(copySafely)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [safeText(key), copySafely(member)]),
  )
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`
}
