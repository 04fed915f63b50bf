import type { DeployEvent, Reporter } from '../../events/index.ts'
import type { HostDeploymentState, HostReportBody } from '../../protocol/index.ts'
import type { Clock } from '../../system/index.ts'
import type { Outbox } from './outbox.ts'
import type { PresentDesire } from './serve-context.ts'

type DeploymentEvent = Extract<HostReportBody, { kind: 'deployment-event' }>['event']

/** Lines of output that are told of one deployment; all of them stay on the host. */
const mostLines = 500
/** Milliseconds between two tellings of how far a step is. */
const progressPause = 1000

/** Steps at which a deployment waits, and what that means to the server. */
const waits: Readonly<Record<string, HostDeploymentState>> = {
  'await-go': 'ready',
  'await-confirm': 'switched',
}

/** Tells the server what the engine says of a deployment while it works. */
export function reportDeployment(
  { desire, gated }: PresentDesire,
  outbox: Outbox,
  clock: Clock,
): Reporter {
  const { deployment, generation } = gated
  const isWorthTelling = boundEvents(clock)
  let local: { readonly local?: string } = {}
  return (event) => {
    if (event.type === 'deployment-started') local = { local: event.deployment }
    if (isWorthTelling(event)) {
      const words = { ...event } as DeploymentEvent
      outbox.note({ kind: 'deployment-event', deployment, event: words })
    }
    const state = event.type === 'step-started' ? waits[event.step] : undefined
    if (state === undefined) return
    // The engine goes on, whatever the disk of the outbox says.
    outbox.tellSoon({
      kind: 'deployment-state',
      deployment,
      app: desire.app,
      generation,
      state,
      ...local,
    })
  }
}

function boundEvents(clock: Clock): (event: DeployEvent) => boolean {
  let lines = 0
  let progressAt = -Infinity
  return (event) => {
    if (event.type === 'output') return ++lines <= mostLines
    if (event.type !== 'step-progress') return true
    const now = clock.monotonic()
    if (now - progressAt < progressPause) return false
    progressAt = now
    return true
  }
}
