import { AppError } from '../errors/index.ts'

/** Reads a count such as `20`. @throws AppError `usage`. */
export function readWholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new AppError('usage', `"${text}" is not a whole number`)
}

/** Reads seconds such as `30` or `0.5`, as milliseconds. @throws AppError `usage`. */
export function readSeconds(text: string): number {
  if (/^\d{1,7}(\.\d{1,3})?$/.test(text)) return Math.round(Number(text) * 1000)
  throw new AppError('usage', `"${text}" is not a number of seconds`)
}
