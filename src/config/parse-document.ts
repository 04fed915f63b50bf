import { AppError, type ErrorCode } from '../errors/index.ts'
import {
  controlIndex,
  keyOffsetOf,
  offsetOf,
  toValue,
  type DocumentNode,
  type DocumentPath,
} from './document-node.ts'
import { parseJson } from './json-tree.ts'
import { placeAt, type Place } from './place.ts'
import { parseYaml } from './yaml-tree.ts'

/** A document somebody wrote, and the code that problems in it are reported under. */
export interface DocumentSource {
  /** Name for messages. */
  readonly file: string
  readonly content: string | Uint8Array
  readonly format: 'json' | 'yaml'
  readonly code: ErrorCode
  /** Most bytes; 1 MiB unless given. */
  readonly limit?: number
}

export interface ParsedDocument {
  /** Plain values; maps have no prototype. */
  readonly value: unknown
  /** Place of the value at a path, or of its nearest parent. */
  locate(path: DocumentPath): Place
  /** Place where a key of the map at a path is written. */
  locateKey(path: DocumentPath, key: string): Place
}

/** Larger documents are refused unless the source says otherwise. */
export const documentLimit = 1024 * 1024

/**
 * Parses JSON or YAML strictly: UTF-8 only, no repeated keys, no control characters, no numbers that lose digits,
 * no aliases or tags, at most 64 levels and 1 MiB.
 * @throws AppError of the source's code, with file, line and column.
 */
export async function parseDocument(source: DocumentSource): Promise<ParsedDocument> {
  const text = decode(source)
  const placeOf = (offset: number): Place => placeAt(text, offset)
  const refuse = (offset: number, problem: string): never => {
    throw documentError(source, placeOf(offset), problem)
  }
  const control = controlIndex(text)
  if (control !== -1) refuse(control, 'a control character')
  if (text.trim() === '') throw new AppError(source.code, `${source.file} is empty`)
  const root = source.format === 'json' ? parseJson(text, refuse) : await parseYaml(text, refuse)
  return located(root, toValue(root, { refuse, placeOf }), placeOf)
}

/** A problem of a document, in the form editors understand. */
export function documentError(
  source: Pick<DocumentSource, 'file' | 'code'>,
  place: Place,
  problem: string,
): AppError {
  return new AppError(source.code, `${source.file}:${place.line}:${place.column}: ${problem}`)
}

function located(
  root: DocumentNode,
  value: unknown,
  placeOf: (offset: number) => Place,
): ParsedDocument {
  return {
    value,
    locate: (path) => placeOf(offsetOf(root, path)),
    locateKey: (path, key) => placeOf(keyOffsetOf(root, path, key)),
  }
}

function decode(source: DocumentSource): string {
  const { content, file, code, limit = documentLimit } = source
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  if (bytes.length > limit) {
    throw new AppError(code, `${file} has ${bytes.length} bytes, more than ${limit}`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new AppError(code, `${file} is not UTF-8 text`, { cause: error })
  }
}
