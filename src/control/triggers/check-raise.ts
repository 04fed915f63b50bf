import { AppError } from '../../errors/index.ts'
import { sha256 } from './sources/delivery.ts'
import type { RaiseRequest } from './triggers.ts'

/** `strict` for our own API; `lenient` where any text was always allowed. */
export type NameRules = 'strict' | 'lenient'

/**
 * The name under which a trigger is stored. Databases hold no NUL character, so that one is written as `%00`, and index
 * no text of any length, so that a digest takes the place of the rest.
 * @throws AppError `request-invalid`.
 */
export function storedName(name: string, rules: NameRules): string {
  if (rules === 'strict') {
    if (namePattern.test(name)) return name
    throw invalid(`${shown(name)} is no name of a trigger`, nameHint)
  }
  const stored = name.toWellFormed().replaceAll('%', '%25').replaceAll('\0', '%00')
  if (Buffer.byteLength(stored) <= longestName) return stored
  const digest = sha256(stored)
  // No name comes out so by itself: its percent signs are written as `%25`.
  return `${stored.slice(0, 64).toWellFormed()}%sha256:${digest}`
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
const nameHint = 'up to 128 letters, digits, ".", "_" and "-", beginning with a letter or digit'
const longestName = 1024

/** @throws AppError `request-invalid` when a part of a raise cannot be recorded. */
export function checkRaise({ key, digest, by, source }: RaiseRequest): void {
  if (key !== undefined && !/^[\x20-\x7e]{1,255}$/.test(key))
    throw invalid(`the idempotency key ${shown(key)} is not 1 to 255 printable characters`)
  for (const [what, text] of [
    ['digest', digest ?? ''],
    ['by', by],
    ['source', source],
  ] as const)
    if (!text.isWellFormed() || /[^\P{Cc}]/u.test(text) || text.length > longestText)
      throw invalid(`${what} is ${shown(text)}, not up to ${longestText} characters of text`)
}

const longestText = 255

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}

function invalid(message: string, hint?: string): AppError {
  return new AppError('request-invalid', message, hint === undefined ? {} : { hint })
}
