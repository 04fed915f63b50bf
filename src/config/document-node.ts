import type { Place } from './place.ts'

/** A parsed document before it becomes values: the same for JSON and YAML, with every key kept, also a repeated one. */
export type DocumentNode = { readonly offset: number } & (
  | { readonly kind: 'map'; readonly entries: readonly MapEntry[] }
  | { readonly kind: 'list'; readonly items: readonly DocumentNode[] }
  | { readonly kind: 'scalar'; readonly value: string | number | boolean | null }
)

export interface MapEntry {
  readonly key: string
  readonly keyOffset: number
  readonly value: DocumentNode
}

/** Way from the root to a value: keys and list positions. */
export type DocumentPath = readonly PropertyKey[]

/** Stops reading with a problem at a place of the text. */
export type Refuse = (offset: number, problem: string) => never

/** Deeper documents are refused, so that nothing that walks a value needs to fear for the stack. */
export const deepestNesting = 64

/** Names that mean something to the language itself. */
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype'])

interface Reading {
  readonly refuse: Refuse
  readonly placeOf: (offset: number) => Place
}

/** The plain value of a checked tree; maps have no prototype. */
export function toValue(node: DocumentNode, reading: Reading, depth = 0): unknown {
  if (depth > deepestNesting) {
    reading.refuse(node.offset, `nested deeper than ${deepestNesting} levels`)
  }
  if (node.kind === 'list') return node.items.map((item) => toValue(item, reading, depth + 1))
  if (node.kind === 'map') return mapValue(node.entries, reading, depth)
  assertSafeScalar(node.value, node.offset, reading.refuse)
  return node.value
}

/** Where the value at a path starts, or of the nearest parent that exists; for a missing key, the place of the map. */
export function offsetOf(root: DocumentNode, path: DocumentPath): number {
  let node = root
  for (const step of path) {
    const next = childOf(node, step)
    if (next === undefined) break
    node = next
  }
  return node.offset
}

/** Where a key is written, for problems of the key itself. */
export function keyOffsetOf(root: DocumentNode, path: DocumentPath, key: string): number {
  let node: DocumentNode | undefined = root
  for (const step of path) node = node === undefined ? undefined : childOf(node, step)
  const entry =
    node?.kind === 'map' ? node.entries.find((candidate) => candidate.key === key) : undefined
  return entry?.keyOffset ?? offsetOf(root, path)
}

function childOf(node: DocumentNode, step: PropertyKey): DocumentNode | undefined {
  if (node.kind === 'list') return node.items[Number(step)]
  if (node.kind === 'map') return node.entries.find((entry) => entry.key === step)?.value
  return undefined
}

function mapValue(entries: readonly MapEntry[], reading: Reading, depth: number): unknown {
  const value = Object.create(null) as Record<string, unknown>
  const seen = new Map<string, number>()
  for (const entry of entries) {
    assertKey(entry, seen.get(entry.key), reading)
    seen.set(entry.key, entry.keyOffset)
    value[entry.key] = toValue(entry.value, reading, depth + 1)
  }
  return value
}

function assertKey(entry: MapEntry, earlier: number | undefined, reading: Reading): void {
  assertSafeScalar(entry.key, entry.keyOffset, reading.refuse)
  if (forbiddenKeys.has(entry.key)) {
    reading.refuse(entry.keyOffset, `the key ${JSON.stringify(entry.key)} is not allowed`)
  }
  if (earlier === undefined) return
  const { line } = reading.placeOf(earlier)
  reading.refuse(entry.keyOffset, `${JSON.stringify(entry.key)} was already given in line ${line}`)
}

function assertSafeScalar(value: unknown, offset: number, refuse: Refuse): void {
  if (typeof value === 'number') {
    const isExact = Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER
    if (!isExact) refuse(offset, 'a number this large loses digits; write it as a string')
  }
  if (typeof value !== 'string') return
  if (!value.isWellFormed()) refuse(offset, 'half of a surrogate pair in a string')
  if (controlIndex(value) !== -1) refuse(offset, 'a control character in a string')
}

/** Position of the first control character other than tab and line ends, or -1. */
export function controlIndex(text: string): number {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x7f || (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d)) {
      return index
    }
  }
  return -1
}
