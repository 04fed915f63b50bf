import { toAppError } from '../../errors/index.ts'
import { listApps, versionOfStates } from '../../host/index.ts'
import { createObserver, watchObserved, type Observer } from './watch-observed.ts'
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

/** Milliseconds between two looks at files that others may change. */
const outsidePause = 2000

export function startWork(context: ServeContext): Work {
  const followed = new Set<string>()
  const scripts = openScriptRuns(context)
  const observer = createObserver(context)
  const settling = createSettling(context.clock, () => {
    if (context.signal.aborted) return
    settle(context)
    void observer.look('quick')
  })
  const followEach = (apps: Iterable<string>): void => {
    for (const app of apps) {
      if (followed.has(app)) continue
      followed.add(app)
      void followApp(context, app, () => settling.begin())
    }
  }
  /** A server may name as many apps as it likes; only those that are here, or may come here, are kept in mind. */
  const followRejected = async (apps: readonly string[]): Promise<void> => {
    const present = new Set(listApps(context.host.layout))
    const rules = (await context.policy.read().catch(() => undefined))?.apps ?? {}
    followEach(apps.filter((app) => present.has(app) || Object.hasOwn(rules, app)))
  }
  // Also those that the server does not name: one may have been cut off in the middle.
  followEach(listApps(context.host.layout))
  void watchObserved(observer, context)
  void watchOthers(context, observer)
  return {
    follow: () => {
      // First of all, because somebody waits for them.
      scripts.follow()
      const done = settling.begin()
      const state = context.desired.current
      if (state !== undefined) {
        context.shelf.keepOnly(new Set(state.apps.map(({ release }) => release.digest)))
        followEach(state.apps.map(({ app }) => app))
        void followRejected(state.rejected.map(({ app }) => app))
      }
      context.changed.ring()
      // Those that were woken have begun by then.
      setImmediate(done)
    },
    scriptsEnded: () => scripts.ended(),
  }
}

function settle({ desired, log }: ServeContext): void {
  try {
    desired.settle()
  } catch (thrown) {
    // It is counted as unfinished a little longer; the next calm writes it.
    log(`cannot note that the desired state is worked on: ${toAppError(thrown).message}`)
  }
}

/** What nobody tells us: that the policy was changed, or that a person has worked here or released a hold. */
async function watchOthers(context: ServeContext, observer: Observer): Promise<void> {
  const { host, policy, changed, clock, signal } = context
  const look = (): string => `${policy.version()}\n${versionOfStates(host.layout)}`
  let known = look()
  while (!signal.aborted) {
    await clock.sleep(outsidePause, signal).catch(() => undefined)
    const now = look()
    if (now === known) continue
    known = now
    changed.ring()
    void observer.look('quick')
  }
}
