import { AppError } from '../../errors/index.ts'
import type { Position } from './template-node.ts'

/** An error at a place in a template: `file:line:column: what is wrong`. */
export function templateError(
  file: string,
  at: Position,
  problem: string,
  hint?: string,
): AppError {
  const message = `${file}:${at.line}:${at.column}: ${problem}`
  return new AppError('template-invalid', message, hint === undefined ? {} : { hint })
}
