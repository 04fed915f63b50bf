import { AppError } from '../../../errors/index.ts'

/** Reads a JSON value at `path` as a T. @throws AppError `config-invalid` whose message ends with the path. */
export type Decoder<T> = (value: unknown, path: AdlPath) => T

/** Names of fields and union branches, and numbers of list items, from the outside inward. */
export type AdlPath = readonly (string | number)[]

/** A struct's field; without a default it has to be there. */
export interface Field<T> {
  readonly decode: Decoder<T>
  readonly fallback?: () => T
}

type Struct<Fields> = {
  readonly [Name in keyof Fields]: Fields[Name] extends Field<infer T> ? T : never
}

export function adlFailure(reason: string, path: AdlPath): AppError {
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : part)).join('.')
  return new AppError('config-invalid', `${reason} at ${place === '' ? '$' : place}`)
}

export const adlString: Decoder<string> = (value, path) => {
  if (typeof value === 'string') return value
  throw adlFailure('expected a string', path)
}

export const adlWord32: Decoder<number> = (value, path) => {
  if (typeof value !== 'number') throw adlFailure('expected a number', path)
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value
  throw adlFailure('expected an Word32', path)
}

export const adlVoid: Decoder<undefined> = (value, path) => {
  if (value === null) return undefined
  throw adlFailure('expected null', path)
}

export function adlVector<T>(decode: Decoder<T>): Decoder<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw adlFailure('expected an array', path)
    return value.map((item, index) => decode(item, [...path, index]))
  }
}

/** A map, ordered by key as Camus2 orders its maps everywhere. */
export function adlStringMap<T>(decode: Decoder<T>): Decoder<ReadonlyMap<string, T>> {
  return (value, path) => {
    const members = Object.entries(asObject(value, path))
    const entries = members.map(([key, member]) => [key, decode(member, [...path, key])] as const)
    return new Map(sortedByKey(entries))
  }
}

/** Orders entries by code points, so that the order does not depend on a locale. */
export function sortedByKey<T>(entries: Iterable<readonly [string, T]>): [string, T][] {
  return Array.from(entries, ([key, value]): [string, T] => [key, value]).toSorted(([a], [b]) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  )
}

/** An object whose unknown fields are ignored. A field that is null is there, and of a wrong type. */
export function adlStruct<Fields extends Record<string, Field<unknown>>>(
  fields: Fields,
): Decoder<Struct<Fields>> {
  return (value, path) => {
    const members = asObject(value, path)
    const decoded = Object.entries(fields).map(([name, field]) => {
      if (Object.hasOwn(members, name)) return [name, field.decode(members[name], [...path, name])]
      if (field.fallback === undefined) throw adlFailure(`expected field ${name}`, path)
      return [name, field.fallback()]
    })
    return Object.fromEntries(decoded) as Struct<Fields>
  }
}

/** A union: a bare tag for a void branch, or an object with the tag as its only key. */
export function adlUnion<T>(
  expected: string,
  branches: Readonly<Record<string, Decoder<T>>>,
): Decoder<T> {
  return (value, path) => {
    const [tag, payload] = unionParts(value, path)
    const decode = Object.hasOwn(branches, tag) ? branches[tag] : undefined
    if (decode !== undefined) return decode(payload, [...path, tag])
    const tags = Object.keys(branches).join(',')
    throw adlFailure(`expected a ${expected} (${tags})`, [...path, tag])
  }
}

export function adlMaybe<T>(decode: Decoder<T>): Decoder<T | undefined> {
  return adlUnion<T | undefined>('Maybe discriminator', { nothing: adlVoid, just: decode })
}

/** A union branch without a payload that stands for `result`. */
export function voidBranch<T>(result: T): Decoder<T> {
  return (value, path) => {
    adlVoid(value, path)
    return result
  }
}

/** The same decoder with its result turned into something else. */
export function mapped<From, To>(decode: Decoder<From>, change: (from: From) => To): Decoder<To> {
  return (value, path) => change(decode(value, path))
}

function unionParts(value: unknown, path: AdlPath): [tag: string, payload: unknown] {
  if (typeof value === 'string') return [value, null]
  const members = isObject(value) ? Object.entries(value) : []
  const [only] = members
  if (only !== undefined && members.length === 1) return only
  throw adlFailure('expected string or singleton object for union', path)
}

function asObject(value: unknown, path: AdlPath): Record<string, unknown> {
  if (isObject(value)) return value
  throw adlFailure('expected an object', path)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
