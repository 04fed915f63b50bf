import { AppError } from '../../errors/index.ts'
import type { Creation, Selector } from '../storage/deployment-records.ts'
import type { DeploymentRequest } from './deployments.ts'

type Refusal = Exclude<Creation, { readonly kind: 'created' | 'repeated' }>

/** Why a deployment was not made, for whoever asked for it. */
export function refusalError(
  refusal: Refusal,
  { app, to, release, key }: DeploymentRequest,
): AppError {
  switch (refusal.kind) {
    case 'key-reused':
      return new AppError(
        'key-reused',
        `the idempotency key ${JSON.stringify(key)} was used for another deployment`,
        { hint: 'give each request a key of its own' },
      )
    case 'no-release':
      return new AppError('release-not-found', `release "${release}" of ${app} was removed`)
    case 'no-hosts':
      return new AppError('not-found', `no agent has the labels ${formatSelector(to)}`, {
        hint: 'see `sluice agents` for the labels that there are',
      })
    case 'rejected':
      return new AppError(
        'quarantined',
        `${app} ${refusal.version} was rejected: ${refusal.reason}`,
        { hint: `\`sluice lift ${app}@${refusal.version} --reason TEXT\` allows it again` },
      )
    case 'unfinished':
      return new AppError(
        'deployment-unfinished',
        `deployment ${refusal.deployment} of ${app}, by ${refusal.by}, has not ended`,
        { hint: 'wait for it with --wait SECONDS, or call it off with `sluice cancel`' },
      )
  }
}

/** `app=shop,env=prod`. */
export function formatSelector(selector: Selector): string {
  return Object.entries(selector)
    .map(([name, value]) => `${name}=${value}`)
    .join(',')
}
