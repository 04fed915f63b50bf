import { AppError } from '../../errors/index.ts'

/** What to say where Camus2 would talk to AWS. */
export function needsAws(deed: string): AppError {
  return new AppError('unsupported', `${deed} needs AWS, which comes in a later version`, {
    hint: 'use local directories and local state, or keep Camus2 for this',
  })
}
