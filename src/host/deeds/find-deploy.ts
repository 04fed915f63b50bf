import { AppError, nearestName } from '../../errors/index.ts'
import type { Host } from '../host.ts'
import type { DeployEntry } from '../state/app-state.ts'
import { listApps, readAppState } from '../state/locked-app.ts'

/** The deploy a person names by `LABEL`, or by `APP/LABEL` where two apps have that label. */
export function findDeploy({ layout }: Host, wanted: string): { app: string; entry: DeployEntry } {
  const [first = '', second] = wanted.split('/')
  const all = listApps(layout).flatMap((app) =>
    Object.values(readAppState(layout, app).deploys).map((entry) => ({ app, entry })),
  )
  const found = all.filter(({ app, entry }) =>
    second === undefined ? entry.label === first : app === first && entry.label === second,
  )
  const [match, other] = found
  if (match !== undefined && other === undefined) return match
  if (match !== undefined && other !== undefined) {
    const names = found.map(({ app }) => `${app}/${wanted}`).join(' or ')
    throw new AppError('usage', `"${wanted}" is a deploy of several apps`, { hint: `say ${names}` })
  }
  throw unknownDeploy(
    wanted,
    all.map(({ entry }) => entry.label),
  )
}

function unknownDeploy(wanted: string, labels: readonly string[]): AppError {
  const near = nearestName(wanted, labels)
  const hint =
    near === undefined
      ? `this host has: ${labels.join(', ') || 'no deploys'}`
      : `did you mean "${near}"?`
  return new AppError('not-found', `there is no deploy "${wanted}"`, { hint })
}
