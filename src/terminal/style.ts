import { styleText } from 'node:util'

type Look = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Puts a text in a colour, or leaves it as it is where there are none. */
export type Colors = { readonly isColorSupported: boolean } & Readonly<
  Record<Look, (text: string | number) => string>
>

/** What a renderer needs to know of where its text will be shown. */
export interface Style {
  readonly color: Colors
  /** Cells in a line; undefined when the text goes to a file or pipe and is never cut. */
  readonly width: number | undefined
  readonly marks: Marks
  /** Milliseconds since 1970, for ages. */
  readonly now: number
}

export interface Marks {
  readonly good: string
  readonly bad: string
  readonly weak: string
  readonly undone: string
  readonly waiting: string
  readonly bar: string
  readonly full: string
  readonly empty: string
  readonly arrow: string
  readonly spinner: readonly string[]
}

export interface OutputStream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

export type Environment = Readonly<Record<string, string | undefined>>

interface StyleOptions {
  readonly stream: OutputStream
  readonly environment: Environment
  readonly noColor: boolean
  readonly now: number
}

/** The style for a stream: colour and width only on a terminal, ASCII marks where the locale is not UTF-8. */
export function styleFor(options: StyleOptions): Style {
  const { stream, environment } = options
  return {
    color: createColors(hasColor(options)),
    width: stream.isTTY === true ? Math.max(20, stream.columns ?? 80) : undefined,
    marks: isUtf8(environment) ? unicodeMarks : asciiMarks,
    now: options.now,
  }
}

function createColors(isColorSupported: boolean): Colors {
  // Whether there are colours was decided above, not by the stream that styleText would look at.
  const paint = (look: Look) => (text: string | number) =>
    isColorSupported ? styleText(look, String(text), { validateStream: false }) : String(text)
  return {
    isColorSupported,
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
  }
}

/** Whether lines can be drawn over on this stream. */
export function canRedraw(stream: OutputStream, environment: Environment): boolean {
  return stream.isTTY === true && environment['TERM'] !== 'dumb'
}

function hasColor({ stream, environment, noColor }: StyleOptions): boolean {
  // https://no-color.org: any value but the empty one switches colour off.
  if (noColor || (environment['NO_COLOR'] ?? '') !== '') return false
  return canRedraw(stream, environment)
}

function isUtf8(environment: Environment): boolean {
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG']
  return locale === undefined || /utf-?8/i.test(locale)
}

const unicodeMarks: Marks = {
  good: '✓',
  bad: '✗',
  weak: '!',
  undone: '↩',
  waiting: '·',
  bar: '│',
  full: '█',
  empty: '░',
  arrow: '→',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
}

const asciiMarks: Marks = {
  good: '+',
  bad: 'x',
  weak: '!',
  undone: '<',
  waiting: '.',
  bar: '|',
  full: '#',
  empty: '-',
  arrow: '->',
  spinner: ['|', '/', '-', '\\'],
}
