import {
  createScanner,
  parseTree,
  printParseErrorCode,
  type Node,
  type ParseError,
} from 'jsonc-parser'

import { deepestNesting, type DocumentNode, type Refuse } from './document-node.ts'

// Values of jsonc-parser's const enum SyntaxKind, which isolated compilation cannot import.
const openBrace = 1
const closeBrace = 2
const openBracket = 3
const closeBracket = 4
const endOfFile = 17

/** Parses strict JSON: no comments, no trailing commas. */
export function parseJson(text: string, refuse: Refuse): DocumentNode {
  assertShallow(text, refuse)
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false })
  const [first] = errors
  if (first !== undefined) refuse(first.offset, problemWords(printParseErrorCode(first.error)))
  return root === undefined ? refuse(0, 'no value in it') : convert(root)
}

/** The parser recurses, so the depth is counted before it sees the text. */
function assertShallow(text: string, refuse: Refuse): void {
  const scanner = createScanner(text, true)
  let depth = 0
  for (let token = scanner.scan() as number; token !== endOfFile; token = scanner.scan()) {
    if (token === openBrace || token === openBracket) depth += 1
    if (token === closeBrace || token === closeBracket) depth -= 1
    if (depth > deepestNesting) {
      refuse(scanner.getTokenOffset(), `nested deeper than ${deepestNesting} levels`)
    }
  }
}

function convert(node: Node): DocumentNode {
  const { offset, children = [] } = node
  if (node.type === 'array') return { kind: 'list', offset, items: children.map(convert) }
  if (node.type === 'object') return { kind: 'map', offset, entries: children.flatMap(toEntry) }
  return { kind: 'scalar', offset, value: node.value as string | number | boolean | null }
}

function toEntry(property: Node): { key: string; keyOffset: number; value: DocumentNode }[] {
  const [key, value] = property.children ?? []
  if (key === undefined || value === undefined) return []
  return [{ key: String(key.value), keyOffset: key.offset, value: convert(value) }]
}

/** "PropertyNameExpected" → "property name expected". */
function problemWords(code: string): string {
  return code.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()
}
