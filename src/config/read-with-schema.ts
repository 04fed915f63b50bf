import type { z } from 'zod'

import { AppError, nearestName } from '../errors/index.ts'
import { parseDocument, type DocumentSource, type ParsedDocument } from './parse-document.ts'
import type { Place } from './place.ts'
import { keysAt } from './schema-keys.ts'

interface Problem {
  readonly place: Place
  readonly text: string
  readonly hint: string | undefined
}

/**
 * Reads a document by a schema.
 * @throws AppError of the source's code: the first problem as `file:line:column: path: problem`, the others in `output`.
 */
export async function readWithSchema<Value>(
  schema: z.ZodType<Value>,
  source: DocumentSource,
): Promise<Value> {
  const document = await parseDocument(source)
  const result = schema.safeParse(document.value)
  if (result.success) return result.data
  const problems = result.error.issues.flatMap((issue) => problemsOf(schema, document, issue))
  throw toError(source, problems.toSorted(inOrder))
}

function toError(source: DocumentSource, problems: readonly Problem[]): AppError {
  const lines = problems.map(
    ({ place, text }) => `${source.file}:${place.line}:${place.column}: ${text}`,
  )
  const [first = `${source.file} is not valid`] = lines
  const hint = problems[0]?.hint
  const rest = lines.map((line, index) => line + inBrackets(problems[index]?.hint)).slice(1)
  return new AppError(source.code, first, {
    ...(hint === undefined ? {} : { hint }),
    ...(rest.length === 0 ? {} : { output: rest.join('\n') }),
  })
}

function inBrackets(hint: string | undefined): string {
  return hint === undefined ? '' : ` (${hint})`
}

function inOrder(left: Problem, right: Problem): number {
  return left.place.line - right.place.line || left.place.column - right.place.column
}

function problemsOf(
  schema: z.core.$ZodType,
  document: ParsedDocument,
  issue: z.core.$ZodIssue,
): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path)
    return issue.keys.map((key) => unknownKey(document, { path: issue.path, key, known }))
  }
  const place =
    issue.code === 'invalid_key'
      ? document.locateKey(issue.path.slice(0, -1), String(issue.path.at(-1)))
      : document.locate(issue.path)
  const words = problemWords(issue, valueAt(document.value, issue.path))
  return [{ place, text: withPath(issue.path, words), hint: undefined }]
}

function unknownKey(
  document: ParsedDocument,
  found: { path: readonly PropertyKey[]; key: string; known: readonly string[] },
): Problem {
  const nearest = nearestName(found.key, found.known)
  return {
    place: document.locateKey(found.path, found.key),
    text: withPath(found.path, `unknown key ${show(found.key)}`),
    hint: nearest === undefined ? listKeys(found.known) : `did you mean ${show(nearest)}?`,
  }
}

function listKeys(known: readonly string[]): string {
  return known.length === 0 ? 'no key goes here' : `keys that go here: ${known.join(', ')}`
}

function problemWords(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return 'is missing'
  // Of a value of the wrong type only the type is told: it may be a secret.
  if (issue.code === 'invalid_type') return `expected ${issue.expected}, got ${typeName(value)}`
  if (issue.code === 'invalid_key') {
    return issue.issues[0]?.message ?? 'is not allowed as a name'
  }
  const message = issue.message.charAt(0).toLowerCase() + issue.message.slice(1)
  return isScalar(value) ? `${message}, got ${show(value)}` : message
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function isScalar(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}

/** A value as it may stand in a message: escaped, and cut when long. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

/** `roles.web.ports[1]: problem`. */
function withPath(path: readonly PropertyKey[], problem: string): string {
  const words = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
  return path.length === 0 ? problem : `${words.join('').replace(/^\./, '')}: ${problem}`
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<PropertyKey, unknown>)[step]
  }
  return value
}
