import { templateError } from './template-error.ts'
import type { Position } from './template-node.ts'

/** A piece of a template: text, or a tag with its sigil (`` for a plain variable) and its trimmed content. */
export type Token =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'tag'
      readonly sigil: Sigil
      readonly content: string
      readonly at: Position
      /** White space before a tag that has its line for itself; undefined for all others. */
      readonly indent: string | undefined
    }

const sigils = ['{', '&', '#', '^', '/', '>', '!', '=', '?'] as const

export type Sigil = '' | (typeof sigils)[number]

export interface ScanOptions {
  readonly file: string
  /** Whether `{{?name}}` is a tag of its own. */
  readonly optionalTags: boolean
}

interface Delimiters {
  readonly open: string
  readonly close: string
}

interface FoundTag {
  readonly sigil: Sigil
  readonly content: string
  readonly start: number
  readonly end: number
}

const standaloneSigils: ReadonlySet<Sigil> = new Set<Sigil>(['#', '^', '/', '>', '!', '='])

/** Cuts a template into text and tags; tags that stand alone take their whole line with them. */
export function scanTags(text: string, options: ScanOptions): Token[] {
  const tokens: Token[] = []
  let delimiters: Delimiters = { open: '{{', close: '}}' }
  let cursor = 0
  for (;;) {
    const start = text.indexOf(delimiters.open, cursor)
    if (start === -1) break
    const tag = readTag(text, start, delimiters, options)
    const alone = standaloneSigils.has(tag.sigil) ? lineAround(text, tag) : undefined
    pushText(tokens, text.slice(cursor, alone?.start ?? tag.start))
    const at = positionAt(text, tag.start)
    tokens.push({
      type: 'tag',
      sigil: tag.sigil,
      content: tag.content,
      at,
      indent: alone === undefined ? undefined : text.slice(alone.start, tag.start),
    })
    if (tag.sigil === '=') delimiters = readDelimiters(tag.content, options.file, at)
    cursor = alone?.end ?? tag.end
  }
  pushText(tokens, text.slice(cursor))
  return tokens
}

export function positionAt(text: string, offset: number): Position {
  let line = 1
  let lineStart = 0
  for (;;) {
    const newline = text.indexOf('\n', lineStart)
    if (newline === -1 || newline >= offset) return { line, column: offset - lineStart + 1 }
    line += 1
    lineStart = newline + 1
  }
}

function readTag(
  text: string,
  start: number,
  delimiters: Delimiters,
  options: ScanOptions,
): FoundTag {
  const inside = start + delimiters.open.length
  const sigil = readSigil(text, inside, options.optionalTags)
  const closing = closingOf(sigil, delimiters)
  const from = inside + sigil.length
  const close = text.indexOf(closing, from)
  if (close === -1) {
    const at = positionAt(text, start)
    throw templateError(options.file, at, `the tag that begins here is not closed by ${closing}`)
  }
  const content = text.slice(from, close).trim()
  return { sigil, content, start, end: close + closing.length }
}

function readSigil(text: string, offset: number, optionalTags: boolean): Sigil {
  const sigil = sigils.find((candidate) => candidate === text[offset])
  return sigil === undefined || (sigil === '?' && !optionalTags) ? '' : sigil
}

function closingOf(sigil: Sigil, delimiters: Delimiters): string {
  if (sigil === '{') return `}${delimiters.close}`
  return sigil === '=' ? `=${delimiters.close}` : delimiters.close
}

function readDelimiters(content: string, file: string, at: Position): Delimiters {
  const [open, close, ...more] = content.split(/\s+/)
  if (!open || !close || more.length > 0 || content.includes('=')) {
    throw templateError(file, at, `"${content}" is not a pair of delimiters`, 'write {{=<% %>=}}')
  }
  return { open, close }
}

/** The whole line of a tag that has nothing but white space beside it. */
function lineAround(text: string, tag: FoundTag): { start: number; end: number } | undefined {
  const lineStart = text.lastIndexOf('\n', tag.start - 1) + 1
  if (!/^[ \t]*$/.test(text.slice(lineStart, tag.start))) return undefined
  const rest = /[ \t]*(\r?\n|$)/y
  rest.lastIndex = tag.end
  const after = rest.exec(text)
  return after === null ? undefined : { start: lineStart, end: tag.end + after[0].length }
}

function pushText(tokens: Token[], text: string): void {
  if (text !== '') tokens.push({ type: 'text', text })
}
