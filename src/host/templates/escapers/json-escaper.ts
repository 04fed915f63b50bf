import type { Escaper } from './escaper.ts'

/** For JSON: inside quotes the text of a value, outside its whole literal, so `{"port": {{port}}}` works. */
export function createJsonEscaper(): Escaper {
  let quoted = false
  let escaped = false
  return {
    pass: (text) => {
      for (const character of text) {
        if (escaped) escaped = false
        else if (quoted && character === '\\') escaped = true
        else if (character === '"') quoted = !quoted
      }
    },
    escape: (value) => {
      if (!quoted) return jsonLiteral(value)
      return typeof value === 'string' ? jsonText(value) : jsonText(jsonLiteral(value))
    },
  }
}

/** A text for inside double quotes of JSON (and of YAML). */
export function jsonText(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

function jsonLiteral(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'bigint' ? Number(member) : member,
  )
}
