import { refuse, refuseControls, scalarText, type Escaper } from './escaper.ts'

/**
 * Where the text has got to. `nested` is inside `$(…)`, backquotes, a here-document or a comment: there no
 * quoting is safe for every value, so only harmless characters are let through.
 */
type Place = 'word' | 'single' | 'double' | 'nested'

/** What was read of the script so far. */
interface Reading {
  place: 'word' | 'single' | 'double' | 'comment'
  /** How many `$(` and backquotes are open. */
  nesting: number
  escaped: boolean
  previous: string
  line: string
  /** The word that ends the here-document we are in. */
  hereWord: string | undefined
}

/** For shell scripts: one value is always one word, whatever it holds. */
export function createShellEscaper(): Escaper {
  const reading: Reading = {
    place: 'word',
    nesting: 0,
    escaped: false,
    previous: '',
    line: '',
    hereWord: undefined,
  }
  return {
    pass: (text) => {
      for (const character of text) advance(reading, character)
    },
    escape: (value) => {
      const text = scalarText(value)
      refuseControls(text, 'a shell script')
      const printed = quoteFor(placeOf(reading), text)
      // The value is quoted: for what follows it is a letter.
      advance(reading, 'x')
      return printed
    },
  }
}

function quoteFor(place: Place, text: string): string {
  const harmless = /^[A-Za-z0-9_@%+:,./-]+$/.test(text)
  if (place === 'double') return text.replaceAll(/[\\"$`]/g, String.raw`\$&`)
  if (place === 'single') return closeAndReopen(text)
  if (harmless) return text
  if (place === 'word') return `'${closeAndReopen(text)}'`
  throw refuse(
    'the value cannot be quoted safely inside $(…), backquotes, a here-document or a comment',
    'put it in a variable first: name={{value}}',
  )
}

/** A single quote cannot be escaped inside single quotes. */
function closeAndReopen(text: string): string {
  return text.replaceAll("'", String.raw`'\''`)
}

function placeOf(reading: Reading): Place {
  if (reading.hereWord !== undefined || reading.nesting > 0) return 'nested'
  return reading.place === 'comment' ? 'nested' : reading.place
}

function advance(reading: Reading, character: string): void {
  if (reading.hereWord === undefined) advanceCode(reading, character)
  else if (character === '\n' && reading.line.replace(/^\t*/, '') === reading.hereWord) {
    reading.hereWord = undefined
  }
  reading.line = character === '\n' ? '' : reading.line + character
  reading.previous = character
}

function advanceCode(reading: Reading, character: string): void {
  if (reading.place === 'comment') {
    if (character === '\n') reading.place = 'word'
  } else if (reading.place === 'single') {
    if (character === "'") reading.place = 'word'
  } else if (reading.escaped) reading.escaped = false
  else if (character === '\\') reading.escaped = true
  else if (character === '\n') reading.hereWord = hereWordOf(reading.line)
  else if (!changeNesting(reading, character)) changePlace(reading, character)
}

function changeNesting(reading: Reading, character: string): boolean {
  if (character === '`') reading.nesting += reading.nesting > 0 ? -1 : 1
  else if (character === '(' && reading.previous === '$') reading.nesting += 1
  else if (character === ')' && reading.nesting > 0) reading.nesting -= 1
  else return false
  return true
}

function changePlace(reading: Reading, character: string): void {
  const { place, previous } = reading
  if (character === '"') reading.place = place === 'double' ? 'word' : 'double'
  else if (character === "'" && place === 'word') reading.place = 'single'
  else if (character === '#' && place === 'word' && /^\s?$/.test(previous))
    reading.place = 'comment'
}

function hereWordOf(line: string): string | undefined {
  return /(?<!<)<<-?[ \t]*(["'\\]?)([A-Za-z_]\w*)\1/.exec(line)?.[2]
}
