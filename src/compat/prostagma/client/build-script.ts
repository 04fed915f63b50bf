import type { Document, Scalar, YAMLMap } from 'yaml'

import type { ScriptStep } from '../../../agent/index.ts'
import { parseDuration } from '../../../config/index.ts'
import { AppError } from '../../../errors/index.ts'

/** A key of a step that names no command. */
export class UnknownCommand extends AppError {
  readonly command: string

  constructor(command: string) {
    super('script-invalid', `no step command is called "${command}"`)
    this.command = command
  }
}

/** The steps of a script; each is looked at when its turn comes, as Prostagma does. */
export type BuildScript = Iterable<ScriptStep>

/** The document that is read; an alias in it stands for what it names. */
interface Reading {
  readonly yaml: typeof import('yaml')
  readonly document: Document
}

/** Bytes of a script. */
const longestScript = 1024 * 1024

/** Reads a build script. @throws AppError `script-invalid` when it is no YAML, or its steps are no list. */
export async function parseBuildScript(text: string): Promise<BuildScript> {
  const reading = parseText(await import('yaml'), text)
  if (reading === undefined) return []
  const items = readItems(reading)
  return {
    *[Symbol.iterator]() {
      for (const item of items) yield* stepsOf(reading, item)
    },
  }
}

/** The first document; undefined when there is none. */
function parseText(yaml: Reading['yaml'], text: string): Reading | undefined {
  if (text.length > longestScript) throw invalid(`the script has more than ${longestScript} bytes`)
  try {
    const document = [...yaml.parseAllDocuments(text, { version: '1.2' })].at(0)
    const [problem] = document?.errors ?? []
    if (problem !== undefined) throw invalid(problem.message)
    return document === undefined ? undefined : { yaml, document }
  } catch (error) {
    if (error instanceof AppError) throw error
    // Deep nesting exhausts the parser's stack.
    throw invalid(`the script cannot be read: ${String(error)}`)
  }
}

function readItems({ yaml, document }: Reading): readonly unknown[] {
  const root = document.contents
  if (root === null || isNull(yaml, root)) return []
  if (!yaml.isMap(root)) throw invalid('the script is no mapping')
  const steps = root.get('steps', true) as unknown
  if (steps === undefined || steps === null || isNull(yaml, steps)) return []
  if (!yaml.isSeq(steps)) throw invalid('steps is no list')
  return steps.items
}

/** One mapping of the list: a command, or several in the order in which they are written. */
function* stepsOf(reading: Reading, item: unknown): Generator<ScriptStep> {
  // An alias is none here; what it would stand for is resolved further inside only.
  if (!reading.yaml.isMap(item)) throw invalid('a step is no mapping')
  const fields = readFields(reading, item)
  const options = readOptions(fields)
  for (const [key, value] of fields) {
    if (optionNames.has(key) || isFlattenedPart(key, fields)) continue
    yield { name: nameOf(key, fields), ...options, action: readAction(key, value, fields) }
  }
}

type Fields = ReadonlyMap<string, Field>

/** A value as it is written: its text, whether it stood in quotes, or what it holds. */
type Field =
  | { readonly kind: 'null' }
  | { readonly kind: 'text'; readonly text: string; readonly isQuoted: boolean }
  | { readonly kind: 'map'; readonly fields: Fields }
  | { readonly kind: 'list' }

function readFields(reading: Reading, map: YAMLMap): Fields {
  const { yaml } = reading
  return new Map(
    map.items.map(({ key, value }) => [
      yaml.isScalar(key) ? textOf(key) : String(key),
      readField(reading, value),
    ]),
  )
}

function readField(reading: Reading, written: unknown): Field {
  const { yaml, document } = reading
  const value: unknown = yaml.isAlias(written) ? written.resolve(document) : written
  if (value === null || value === undefined || isNull(yaml, value)) return { kind: 'null' }
  if (yaml.isMap(value)) return { kind: 'map', fields: readFields(reading, value) }
  if (!yaml.isScalar(value)) return { kind: 'list' }
  return { kind: 'text', text: textOf(value), isQuoted: value.type !== 'PLAIN' }
}

/** A number or a word for true is taken as it is written. */
function textOf({ value, source }: Scalar): string {
  if (typeof value === 'string') return value
  return value === null ? '' : (source ?? JSON.stringify(value))
}

function isNull(yaml: Reading['yaml'], node: unknown): boolean {
  return yaml.isScalar(node) && node.value === null
}

/** Keys that say how a step runs instead of what it does. */
const optionNames: ReadonlySet<string> = new Set(['name', 'cwd', 'env', 'timeout'])
const downloadFields: ReadonlySet<string> = new Set(['cache', 'url', 'dest'])

/** In Prostagma's guide the fields of a download stand beside it by mistake. */
function isFlattenedPart(key: string, fields: Fields): boolean {
  const isBeside = ['download', 'download_s3'].some((name) => fields.get(name)?.kind === 'null')
  return isBeside && downloadFields.has(key)
}

function readAction(key: string, value: Field, fields: Fields): ScriptStep['action'] {
  switch (key) {
    case 'shell':
      return { kind: 'shell', lines: linesOf(readText(key, value)) }
    case 'download':
      return readDownload('web', value, fields)
    case 'download_s3':
      return readDownload('s3', value, fields)
    default:
      throw new UnknownCommand(key)
  }
}

/** Every line is a command of its own; an empty one is none. */
function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

function readDownload(source: 'web' | 's3', value: Field, beside: Fields): ScriptStep['action'] {
  if (value.kind !== 'map' && value.kind !== 'null') throw invalid('download is no mapping')
  const fields = value.kind === 'map' ? value.fields : beside
  return {
    kind: 'download',
    source,
    url: readText('url', fields.get('url')),
    dest: readText('dest', fields.get('dest')),
    cache: readBoolean('cache', fields.get('cache')),
  }
}

function readText(key: string, field: Field | undefined): string {
  if (field === undefined || field.kind === 'null') return ''
  if (field.kind === 'text') return field.text
  throw invalid(`${key} is no text`)
}

function readBoolean(key: string, field: Field | undefined): boolean {
  if (field === undefined || field.kind === 'null') return false
  const word = field.kind === 'text' && !field.isQuoted ? field.text : ''
  if (/^(y|Y|[Yy]es|YES|[Oo]n|ON|[Tt]rue|TRUE)$/.test(word)) return true
  if (/^(n|N|[Nn]o|NO|[Oo]ff|OFF|[Ff]alse|FALSE)$/.test(word)) return false
  throw invalid(`${key} is neither true nor false`)
}

function readOptions(fields: Fields): Pick<ScriptStep, 'cwd' | 'env' | 'timeout'> {
  const cwd = readText('cwd', fields.get('cwd'))
  const time = readText('timeout', fields.get('timeout'))
  const timeout = time === '' ? undefined : parseDuration(time)
  if (time !== '' && timeout === undefined)
    throw invalid(`timeout "${time}" is none; write 30s or 5m`)
  return {
    ...(cwd === '' ? {} : { cwd }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(fields.has('env') ? { env: readEnv(fields.get('env')) } : {}),
  }
}

function readEnv(field: Field | undefined): Record<string, string> {
  if (field?.kind === 'null') return {}
  if (field?.kind !== 'map') throw invalid('env is no mapping')
  return Object.fromEntries(
    Array.from(field.fields, ([name, value]) => [name, readText(`env.${name}`, value)]),
  )
}

function nameOf(key: string, fields: Fields): string {
  return readText('name', fields.get('name')) || key
}

function invalid(problem: string): AppError {
  return new AppError('script-invalid', problem)
}
