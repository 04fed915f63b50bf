import { listApps } from '../../host/index.ts'
import { createObserver, watchObserved } from './watch-observed.ts'
import { followApp } from './follow-app.ts'
import { openScriptRuns } from './script-runs.ts'
import type { ServeContext } from './serve-context.ts'
import { createSettling } from './settling.ts'

/** What goes on behind the socket. */
export interface Work {
  /** The desired state is another one. */
  follow(): void
  /** Resolves when no script runs any more. */
  scriptsEnded(): Promise<void>
}

/** Milliseconds between two looks at whether the policy file has changed. */
const policyPause = 3000

export function startWork(context: ServeContext): Work {
  const followed = new Set<string>()
  const scripts = openScriptRuns(context)
  const observer = createObserver(context)
  const settling = createSettling(context.clock, () => {
    context.desired.settle()
    void observer.look('quick')
  })
  const followEach = (apps: Iterable<string>): void => {
    for (const app of apps) {
      if (followed.has(app)) continue
      followed.add(app)
      void followApp(context, app, () => settling.begin())
    }
  }
  // Also those that the server does not name: one may have been cut off in the middle.
  followEach(listApps(context.host.layout))
  void watchObserved(observer, context)
  void watchPolicy(context)
  return {
    follow: () => {
      // First of all, because somebody waits for them.
      scripts.follow()
      const done = settling.begin()
      const state = context.desired.current
      if (state !== undefined) {
        context.shelf.keepOnly(new Set(state.apps.map(({ release }) => release.digest)))
        followEach([...state.apps, ...state.rejected].map(({ app }) => app))
      }
      context.changed.ring()
      // Those that were woken have begun by then.
      setImmediate(done)
    },
    scriptsEnded: () => scripts.ended(),
  }
}

/** What was refused is looked at again when the policy changes. */
async function watchPolicy({ policy, changed, clock, signal }: ServeContext): Promise<void> {
  let known = policy.version()
  while (!signal.aborted) {
    await clock.sleep(policyPause, signal).catch(() => undefined)
    const version = policy.version()
    if (version !== known) changed.ring()
    known = version
  }
}
