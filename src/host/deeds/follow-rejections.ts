import type { RejectedRelease } from '../../protocol/index.ts'
import type { Host } from '../host.ts'
import { liftRelease, type AppState } from '../state/app-state.ts'
import { readAppState, withLockedApp } from '../state/locked-app.ts'

export type AppRejection = Pick<RejectedRelease, 'digest' | 'version' | 'reason' | 'by' | 'at'>

/**
 * Rejects what the server rejects everywhere, and lifts what it had rejected and names no more. What was rejected on
 * this host alone stays. An app that is not deployed yet gets its state by this. Takes the lock only when something changes.
 */
export async function followRejections(
  host: Host,
  app: string,
  rejected: readonly AppRejection[],
): Promise<void> {
  const { layout, clock, wait, signal } = host
  const follow = (state: AppState): AppState =>
    withRejections(state, rejected, { by: host.operator, at: clock.now() })
  const present = readAppState(layout, app)
  if (follow(present) === present) return
  const purpose = `follow what the server rejects of ${app}`
  await withLockedApp(layout, app, { purpose, clock, wait, signal }, async (store) => {
    if (follow(store.state) !== store.state) store.update(follow)
  })
}

/** The very same state when nothing changes. */
export function withRejections(
  state: AppState,
  rejected: readonly AppRejection[],
  lift: { readonly by: string; readonly at: number },
): AppState {
  const named = new Set(rejected.map(({ digest }) => digest))
  const over = Object.entries(state.quarantine)
    .filter(([digest, { server }]) => server === 'says' && !named.has(digest))
    .map(([digest]) => digest)
  const reason = 'the server rejects it no more'
  const lifted = over.reduce(
    (next, digest) => liftRelease(next, digest, { ...lift, reason }),
    state,
  )
  const added = rejected.filter(({ digest }) => isNews(state, digest))
  if (added.length === 0) return lifted
  const entries = added.map(({ digest, ...words }) => {
    const entry = { name: state.app, ...words, server: 'says' as const }
    return [digest, entry] as const
  })
  return { ...lifted, quarantine: { ...lifted.quarantine, ...Object.fromEntries(entries) } }
}

/** What was rejected here alone is this host's own matter, and stays so. */
function isNews({ quarantine }: AppState, digest: string): boolean {
  const present = quarantine[digest]
  return present === undefined || present.server === 'told'
}
