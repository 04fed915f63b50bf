import { AppError } from '../../errors/index.ts'
import { withSettledApp } from '../deploy/lock-app.ts'
import type { Host } from '../host.ts'
import { liftRelease, type AppState } from '../state/app-state.ts'
import { listApps, readAppState } from '../state/locked-app.ts'
import { findDeploy } from './find-deploy.ts'

export interface ReleaseDecision {
  readonly app: string
  readonly digest: string
}

/** Makes retention keep a deploy's archive for ever, or no longer. */
export async function pinRelease(
  host: Host,
  wish: { readonly deploy: string; readonly pinned: boolean },
): Promise<ReleaseDecision> {
  const { app, entry } = findDeploy(host, wish.deploy)
  const { digest } = entry.release
  await withSettledApp(
    host,
    app,
    `${wish.pinned ? 'pin' : 'unpin'} ${entry.label}`,
    async (store) => {
      store.update((state) => {
        const others = state.pins.filter((pin) => pin !== digest)
        return { ...state, pins: wish.pinned ? [...others, digest] : others }
      })
    },
  )
  return { app, digest }
}

/** Takes a release out of quarantine, in the name of whoever asks; history tells it. `release` is `name@version` or the start of a digest. */
export async function liftQuarantine(
  host: Host,
  wish: { readonly release: string; readonly app?: string; readonly reason: string },
): Promise<ReleaseDecision> {
  const { app, digest } = findQuarantined(host, wish)
  await withSettledApp(host, app, `lift ${wish.release}: ${wish.reason}`, async (store) => {
    const lift = { reason: wish.reason, by: host.operator, at: host.clock.now() }
    store.update((state) => liftRelease(state, digest, lift))
  })
  return { app, digest }
}

function findQuarantined(
  { layout }: Host,
  wish: { readonly release: string; readonly app?: string },
): ReleaseDecision {
  const states = listApps(layout)
    .filter((app) => wish.app === undefined || app === wish.app)
    .map((app) => readAppState(layout, app))
  const found = states.flatMap((state) => matching(state, wish.release))
  const [first, second] = found
  if (first !== undefined && second === undefined) return first
  const known = states.flatMap(({ quarantine }) =>
    Object.values(quarantine).map((entry) => `${entry.name}@${entry.version}`),
  )
  throw new AppError(
    'not-found',
    found.length > 1
      ? `"${wish.release}" fits several releases`
      : `"${wish.release}" is not quarantined`,
    {
      hint: known.length === 0 ? 'no release is quarantined' : `quarantined: ${known.join(', ')}`,
    },
  )
}

function matching({ app, quarantine }: AppState, wanted: string): ReleaseDecision[] {
  const prefix = wanted.replace(/^sha256:/, '')
  return Object.entries(quarantine)
    .filter(
      ([digest, { name, version }]) =>
        `${name}@${version}` === wanted || (prefix.length >= 8 && digest.startsWith(prefix)),
    )
    .map(([digest]) => ({ app, digest }))
}
