import { AppError } from '../../errors/index.ts'

/** A request's first lines, as the HTTP parser gives them. */
export interface RawHead {
  readonly method: string
  readonly url: string
  /** Name, value, name, value, … */
  readonly rawHeaders: readonly string[]
}

export interface RequestHead {
  readonly method: string
  /** Of plain letters only: no encoding, no dot segments. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
}

/**
 * Reads what may be understood in one way only. Two readers of one request, we and a proxy before us, must never
 * disagree about its host, its path or its length.
 * @throws AppError `request-invalid`.
 */
export function readHead({ method, url, rawHeaders }: RawHead): RequestHead {
  const headers = readHeaders(rawHeaders)
  const host = headers.get('host')
  if (host === undefined || !hostPattern.test(host))
    throw invalid('the Host header is not one name')
  const [path = '', query, ...more] = url.split('?')
  if (more.length > 0) throw invalid('the query holds another "?"')
  if (!pathPattern.test(path) || /\/\.{1,2}(\/|$)/.test(path))
    throw invalid('the path is not one of plain letters: nothing here needs encoding')
  return { method, path, query: readQuery(query), headers }
}

const hostPattern = /^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$|^\[[0-9a-fA-F:.]{2,45}\](:\d{1,5})?$/
const pathPattern = /^\/(?:[A-Za-z0-9._~-]+(?:\/[A-Za-z0-9._~-]+)*)?$/

/** Any of these twice is a trick; so is any other one, but a list of values is what HTTP makes of it. */
const onlyOnce = new Set([
  'host',
  'authorization',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'idempotency-key',
  'last-event-id',
  'x-hub-signature-256',
  'x-gitlab-token',
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
])

function readHeaders(raw: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase()
    const value = raw[at + 1] ?? ''
    const present = headers.get(name)
    if (present !== undefined && onlyOnce.has(name)) throw invalid(`two headers ${name}`)
    headers.set(name, present === undefined ? value : `${present}, ${value}`)
  }
  return headers
}

/** Room for an address in base64url, which only `url` is; what each value may be, its route says. */
const [longestQuery, longestValue] = [6144, 256] as const

function readQuery(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined || text === '') return {}
  if (text.length > longestQuery)
    throw invalid(`the query is longer than ${longestQuery} characters`)
  const query: Record<string, string> = Object.create(null)
  for (const part of text.split('&')) {
    const [, name, value] = /^([a-z][a-zA-Z]{0,31})=([A-Za-z0-9._~:-]*)$/.exec(part) ?? []
    if (name === undefined || value === undefined)
      throw invalid('the query is not name=value of plain letters')
    if (value.length > (name === 'url' ? longestQuery : longestValue))
      throw invalid(`the query has a ${name} of ${value.length} characters`)
    if (name in query) throw invalid(`the query has ${name} twice`)
    query[name] = value
  }
  return query
}

function invalid(message: string): AppError {
  return new AppError('request-invalid', message)
}
