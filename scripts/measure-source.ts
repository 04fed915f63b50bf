import { readFileSync } from 'node:fs'
import { parseSync } from 'oxc-parser'

import { visit } from '../test/support/architecture/syntax.ts'

/** Sizes of one TypeScript file. */
export interface Measured {
  readonly path: string
  readonly lines: number
  readonly filledLines: number
  readonly commentLines: number
  /** Functions with a body in braces. */
  readonly functions: readonly MeasuredFunction[]
  /** How often `any`, an enum, a namespace or a `!` stands in it. */
  readonly looseTypes: number
  /** Lines without indentation and without those that are only brackets, for finding repeats. */
  readonly comparable: readonly { readonly text: string; readonly line: number }[]
}

export interface MeasuredFunction {
  readonly line: number
  /** With signature and closing bracket. */
  readonly lines: number
  readonly parameters: number
}

export function measureFile(root: string, path: string): Measured {
  const text = readFileSync(`${root}/${path}`, 'utf8')
  const { program, comments } = parseSync(path, text)
  const lineAt = lineFinder(text)
  const functions: MeasuredFunction[] = []
  let looseTypes = 0
  visit(program, (node) => {
    if (looseNodes.has(node.type)) looseTypes += 1
    const { body, params } = node
    if (!isBlock(body) || !Array.isArray(params)) return
    const line = lineAt(Number(node['start']))
    functions.push({
      line,
      lines: lineAt(Number(node['end'])) - line + 1,
      parameters: params.length,
    })
  })
  const commentLines = comments.map(({ start, end }) => lineAt(end) - lineAt(start) + 1)
  const lines = text.trimEnd().split('\n')
  return {
    path,
    lines: lines.length,
    filledLines: lines.filter((line) => line.trim() !== '').length,
    commentLines: commentLines.reduce((sum, count) => sum + count, 0),
    functions,
    looseTypes,
    comparable: comparableLines(lines),
  }
}

const looseNodes = new Set([
  'TSAnyKeyword',
  'TSEnumDeclaration',
  'TSModuleDeclaration',
  'TSNonNullExpression',
  'TSParameterProperty',
])

function isBlock(body: unknown): boolean {
  return (
    typeof body === 'object' && body !== null && 'type' in body && body.type === 'BlockStatement'
  )
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => starts.findLastIndex((start) => start <= offset) + 1
}

function comparableLines(lines: readonly string[]): { text: string; line: number }[] {
  return lines
    .map((line, index) => ({ text: line.trim(), line: index + 1 }))
    .filter(({ text }) => /\w/.test(text) && !/^(import|export \{|\*|\/)/.test(text))
}
