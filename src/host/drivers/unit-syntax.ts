import { AppError } from '../../errors/index.ts'

// Each kind of value has one emitter that follows the grammar of systemd.syntax(7); nothing else writes into a unit.

export type Setting = readonly [name: string, value: string]

export function section(name: string, settings: readonly Setting[]): string {
  const lines = settings.map(([key, value]) => `${key}=${value}\n`)
  return `[${name}]\n${lines.join('')}\n`
}

export function pair(name: string, value: number): Setting {
  return [name, String(value)]
}

/** Words for Exec lines: quoted, C escapes, `%` and `$` doubled because they would be expanded. */
export function commandLine(words: readonly [program: string, ...string[]]): string {
  const [program, ...rest] = words
  if (/\s/.test(program)) throw unsuitable(program, 'holds a space')
  return [path(program), ...rest.map((word) => `"${quoted(word)}"`)].join(' ')
}

function quoted(text: string): string {
  return withoutNul(text).replaceAll(special, (character) => {
    if (character === '%' || character === '$') return character + character
    if (character === '"' || character === '\\') return `\\${character}`
    return String.raw`\x` + (character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')
  })
}

// oxlint-disable-next-line no-control-regex
const special = /[%$"\\\u0001-\u001f\u007f]/g

/** An absolute path in a setting that has no quoting: only specifiers can be escaped, so the rest must be plain. */
export function path(text: string): string {
  if (!text.startsWith('/')) throw unsuitable(text, 'is not an absolute path')
  return plain(text)
}

export function pathWithoutGlob(text: string): string {
  if (/[*?[\]\\]/.test(text)) throw unsuitable(text, 'holds a character that systemd expands')
  return path(text)
}

/** Text in a setting without quoting. A trailing backslash would join the next line, spaces at the end are lost. */
export function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]|[\s\\]$/.test(text)) {
    throw unsuitable(text, 'holds a control character, or ends with a space or backslash')
  }
  return text.replaceAll('%', '%%')
}

export function milliseconds(value: number): string {
  return `${Math.max(1, Math.round(value))}ms`
}

export function withoutNul(text: string): string {
  if (text.includes('\0')) throw unsuitable(text, 'holds a NUL character')
  return text
}

/** As systemd-escape(1) does it. */
export function escapeName(text: string, unsafe: RegExp): string {
  return text.replaceAll(unsafe, (character) =>
    [...Buffer.from(character)]
      .map((byte) => String.raw`\x` + byte.toString(16).padStart(2, '0'))
      .join(''),
  )
}

export function unsuitable(text: string, reason: string): AppError {
  return new AppError(
    'config-invalid',
    `a systemd unit cannot be made: ${JSON.stringify(text)} ${reason}`,
  )
}
