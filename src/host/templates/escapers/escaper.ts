import { AppError } from '../../../errors/index.ts'

/** Knows one kind of file and where in it the text has got to. */
export interface Escaper {
  /** Is told all template text that goes out, in order. */
  pass(text: string): void
  /** The text of a value for the place that was reached. @throws AppError `template-invalid`. */
  escape(value: unknown): string
}

/** A refusal that does not show the value, which may be a secret. */
export function refuse(problem: string, hint?: string): AppError {
  return new AppError('template-invalid', problem, hint === undefined ? {} : { hint })
}

/** A string, number or boolean as text; lists, objects and null have no text of their own. */
export function scalarText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    return String(value)
  }
  throw refuse(`a value that is ${describe(value)} cannot be printed`)
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** Control characters that no text file should get from a value; tab and line feed are not among them. */
export function refuseControls(text: string, places: string): void {
  if (/[^\P{Cc}\t\n]/u.test(text)) {
    throw refuse(`the value holds a control character, which ${places} must not`)
  }
}

export function refuseLines(text: string, place: string): void {
  refuseControls(text, place)
  if (/[\n\u0085\u2028\u2029]/.test(text)) {
    throw refuse(`the value has several lines, which ${place} cannot hold`)
  }
}
