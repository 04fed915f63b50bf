import { AppError } from '../../errors/index.ts'

/** The one answer for what is not there and for what is not the caller's. */
export function missing(params: Readonly<Record<string, string>>): AppError {
  const { trigger, sequence, digest, deployment, app, run } = params
  if (run !== undefined) return new AppError('not-found', `there is no run "${run}"`)
  if (deployment !== undefined)
    return new AppError('not-found', `there is no deployment "${deployment}"`)
  if (app !== undefined) return new AppError('not-found', `there is no app "${app}"`)
  if (digest !== undefined) return new AppError('not-found', `there is no release sha256:${digest}`)
  if (sequence !== undefined)
    return new AppError('not-found', `trigger "${trigger ?? ''}" has no event ${sequence}`)
  return new AppError('not-found', `there is no trigger "${trigger ?? ''}"`)
}
