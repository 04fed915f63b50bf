import { withSettledApp } from '../deploy/lock-app.ts'
import type { Hold } from '../../protocol/index.ts'
import type { Host } from '../host.ts'
import { withoutHold } from '../state/app-state.ts'
import { readAppState } from '../state/locked-app.ts'
import { chooseApp } from './choose-app.ts'

export interface ReleasedHold {
  readonly app: string
  /** What was lifted; undefined when the app was not held. */
  readonly hold: Hold | undefined
}

/**
 * Lets the server work on an app again that a person has worked on. With `setBefore` (milliseconds since 1970) a hold
 * that is younger stays.
 */
export async function releaseHold(
  host: Host,
  wish: { readonly app?: string; readonly setBefore?: number },
): Promise<ReleasedHold> {
  const app = chooseApp(host, wish.app)
  const { hold } = readAppState(host.layout, app)
  const { setBefore = Infinity } = wish
  if (hold === undefined || hold.at >= setBefore) return { app, hold: undefined }
  return await withSettledApp(host, app, `release the hold of ${app}`, async (store) => {
    const present = store.state.hold
    // Looked at again: somebody may have worked on it while we waited for the lock.
    if (present === undefined || present.at >= setBefore) return { app, hold: undefined }
    store.update(withoutHold)
    return { app, hold: present }
  })
}
