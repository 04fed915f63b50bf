import type { Node, Pair } from 'yaml'

import { deepestNesting, type DocumentNode, type MapEntry, type Refuse } from './document-node.ts'

/** Far more indentation than any depth we accept needs; deeper text would exhaust the parser's stack. */
const longestIndent = 512

type YamlLibrary = typeof import('yaml')

/** Parses one YAML 1.2 document of the core schema, without anchors, aliases, tags and merge keys. */
export async function parseYaml(text: string, refuse: Refuse): Promise<DocumentNode> {
  const yaml = await import('yaml')
  assertPlain(yaml, text, refuse)
  const document = yaml.parseDocument(text, {
    version: '1.2',
    strict: true,
    uniqueKeys: false,
    prettyErrors: false,
  })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) refuse(problem.pos[0], lowerFirst(problem.message))
  if (document.contents === null) return refuse(0, 'no value in it')
  return convert({ yaml, refuse }, document.contents)
}

/** Looks at the tokens, which needs no recursion, before anything is built from them. */
function assertPlain(yaml: YamlLibrary, text: string, refuse: Refuse): void {
  assertIndentation(text, refuse)
  let offset = 0
  let flowDepth = 0
  let scalarFollows = false
  for (const token of new yaml.Lexer().lex(text)) {
    const type: string | null = scalarFollows ? 'scalar-text' : yaml.CST.tokenType(token)
    scalarFollows = type === 'scalar'
    if (type === 'anchor' || type === 'alias' || type === 'tag') {
      refuse(offset, `${type} ${JSON.stringify(token)} is not allowed; write the value out`)
    }
    if (type === 'flow-map-start' || type === 'flow-seq-start') flowDepth += 1
    if (type === 'flow-map-end' || type === 'flow-seq-end') flowDepth -= 1
    if (flowDepth > deepestNesting) refuse(offset, `nested deeper than ${deepestNesting} levels`)
    // The lexer adds marks of its own (start of document, start of scalar) that are not in the text.
    const isMark = type === 'scalar' || type === 'doc-mode' || type === 'flow-error-end'
    if (!isMark) offset += token.length
  }
}

function assertIndentation(text: string, refuse: Refuse): void {
  let offset = 0
  for (const line of text.split('\n')) {
    const indent = /^[ \t?:-]*/.exec(line)?.[0].length ?? 0
    if (indent > longestIndent) refuse(offset, `nested deeper than ${deepestNesting} levels`)
    offset += line.length + 1
  }
}

interface Conversion {
  readonly yaml: YamlLibrary
  readonly refuse: Refuse
}

function convert(conversion: Conversion, node: Node | null | undefined): DocumentNode {
  const { yaml, refuse } = conversion
  if (node === null || node === undefined) return { kind: 'scalar', offset: 0, value: null }
  const offset = node.range?.[0] ?? 0
  if (yaml.isMap(node)) {
    const entries = node.items.map((pair) => toEntry(conversion, pair as Pair<Node, Node | null>))
    return { kind: 'map', offset, entries }
  }
  if (yaml.isSeq(node)) {
    const items = node.items.map((item) => convert(conversion, item as Node))
    return { kind: 'list', offset, items }
  }
  const value: unknown = yaml.isScalar(node) ? node.value : undefined
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) {
    return { kind: 'scalar', offset, value: value as string | number | boolean | null }
  }
  return refuse(offset, 'only maps, lists, strings, numbers, booleans and null are allowed')
}

function toEntry(conversion: Conversion, pair: Pair<Node, Node | null>): MapEntry {
  const { yaml, refuse } = conversion
  const { key } = pair
  const keyOffset = key?.range?.[0] ?? 0
  if (!yaml.isScalar(key) || key.value === null) refuse(keyOffset, 'a key must be a plain word')
  const name = yaml.isScalar(key) ? (key.source ?? String(key.value)) : ''
  if (name === '<<') refuse(keyOffset, 'merge keys are not allowed; write the values out')
  const value = convert(conversion, pair.value)
  // An absent value has no place of its own.
  return {
    key: name,
    keyOffset,
    value: value.offset === 0 ? { ...value, offset: keyOffset } : value,
  }
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}
