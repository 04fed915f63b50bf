import { refuse, refuseLines, scalarText, type Escaper } from './escaper.ts'
import { jsonText } from './json-escaper.ts'

type Quotes = 'none' | 'single' | 'double'

/** Where the text has got to: the quotes it is in, open flow brackets, and the line so far. */
interface Place {
  quotes: Quotes
  flowDepth: number
  line: string
  escaped: boolean
}

/** For YAML: escaped inside quotes, and unquoted only when the value cannot change what the line means. */
export function createYamlEscaper(): Escaper {
  const place: Place = { quotes: 'none', flowDepth: 0, line: '', escaped: false }
  return {
    pass: (text) => {
      for (const character of text) advance(place, character)
    },
    escape: (value) => {
      const text = scalarText(value)
      const printed = printIn(place, text)
      place.line += printed
      return printed
    },
  }
}

function printIn(place: Place, text: string): string {
  if (place.quotes === 'double') return jsonText(text)
  if (place.quotes === 'single') {
    refuseLines(text, 'a single-quoted YAML text')
    return text.replaceAll("'", "''")
  }
  refuseLines(text, 'an unquoted YAML text')
  if (changesMeaning(place, text)) {
    throw refuse(
      'the value would change the meaning of an unquoted YAML text',
      'put the tag in double quotes',
    )
  }
  return text
}

function changesMeaning(place: Place, text: string): boolean {
  const begins = /(^|[:,[{-]\s+|^\s*|[[{,])$/.test(place.line)
  if (begins && /^([-?:](\s|$)|[,[\]{}#&*!|>'"%@`]|\s)/.test(text)) return true
  if (place.flowDepth > 0 && /[,[\]{}]/.test(text)) return true
  return /:(\s|$)|\s#|\s$/.test(text) || (text.startsWith('#') && /\s$/.test(place.line))
}

function advance(place: Place, character: string): void {
  if (character === '\n') place.line = ''
  else place.line += character
  if (place.escaped) place.escaped = false
  else if (place.quotes === 'double') {
    if (character === '\\') place.escaped = true
    else if (character === '"') place.quotes = 'none'
  } else if (place.quotes === 'single') {
    if (character === "'") place.quotes = 'none'
  } else advanceUnquoted(place, character)
}

function advanceUnquoted(place: Place, character: string): void {
  if (isInComment(place.line)) return
  // A quote opens a text only where a scalar begins; in the middle of a word it is a letter.
  const opens = /(^|[\s[{,:'-])$/.test(place.line.slice(0, -1))
  if (character === '"' && opens) place.quotes = 'double'
  else if (character === "'" && opens) place.quotes = 'single'
  else if (character === '[' || character === '{') place.flowDepth += 1
  else if ((character === ']' || character === '}') && place.flowDepth > 0) place.flowDepth -= 1
}

function isInComment(line: string): boolean {
  return /(^|\s)#/.test(line.replaceAll(/"(\\.|[^"\\])*"|'[^']*'/g, '""'))
}
