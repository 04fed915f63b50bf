import { toAppError } from '../../errors/index.ts'
import {
  continueWanted,
  deployWanted,
  findArchive,
  isSameWish,
  openHost,
  type Host,
  type WantedDeployment,
} from '../../host/index.ts'
import type { Approval } from '../../policy/index.ts'
import { openPhaseGate, phaseOf } from './phase-gate.ts'
import { presentDesire, type PresentDesire, type ServeContext } from './serve-context.ts'
import { reportDeployment } from './deployment-reports.ts'

/** Milliseconds that a deployment waits for whoever works on the app. */
const lockPatience = 5000

export interface DesiredDeploy {
  readonly present: PresentDesire
  readonly approval: Approval
  /** The deployment has come so far that it waits for others. */
  readonly hasRested: () => void
}

/** Deploys what is wanted once its archive is here. Answers a pause, or undefined when it has ended. */
export async function deployDesired(
  context: ServeContext,
  { present, approval, hasRested }: DesiredDeploy,
): Promise<number | undefined> {
  const { desire, gated } = present
  const { release, app } = desire
  tellBegin(context, present)
  const archive = findWanted(context, present)
  context.wants.set(app, archive === undefined ? release : undefined)
  if (archive === undefined) return waitForArchive
  const giveBack = await context.turns.take()
  const rest = (): void => {
    giveBack()
    hasRested()
  }
  try {
    // The server may have changed its mind while others had their turn.
    if (!isStillWanted(context, present)) return undefined
    context.desired.unsettle()
    const host = await openFor(context, { app, present }, rest)
    if (approval.warning !== undefined)
      host.report({ type: 'notice', level: 'warning', text: approval.warning })
    const { name, version, digest } = release
    const { endpoints } = approval
    const wish: WantedDeployment = {
      release: { name, version, digest },
      archive,
      gated,
      ...(endpoints === undefined ? {} : { endpoints }),
    }
    await deployWanted(host, wish)
    return undefined
  } catch (thrown) {
    if (toAppError(thrown).code !== 'digest-mismatch' || !isKept(context, archive)) throw thrown
    // The kept copy was damaged: the archive is fetched again.
    context.shelf.distrust(release.digest)
    return undefined
  } finally {
    giveBack()
  }
}

/** What was fetched for it, else the copy that the app has kept of an earlier deployment. */
function findWanted(
  { host, shelf }: ServeContext,
  { desire: { app, release } }: PresentDesire,
): string | undefined {
  const { digest } = release
  const fetched = shelf.find(digest)
  if (fetched !== undefined || shelf.isDistrusted(digest)) return fetched
  return findArchive(host, { app, digest })
}

function isKept({ host }: ServeContext, archive: string): boolean {
  return archive.startsWith(`${host.layout.root}/apps/`)
}

/** Milliseconds: an archive rings when it comes. */
const waitForArchive = 60_000

function tellBegin({ outbox }: ServeContext, { desire, gated }: PresentDesire): void {
  const { deployment, generation } = gated
  outbox.tell({
    kind: 'deployment-state',
    deployment,
    app: desire.app,
    generation,
    state: 'preparing',
  })
}

export interface Continuation {
  readonly app: string
  readonly present: PresentDesire | undefined
  readonly deployment: string
  readonly direction: 'forward' | 'back'
  readonly hasRested: () => void
}

/** Takes up what was interrupted. */
export async function continueDesired(
  context: ServeContext,
  { app, present, deployment, direction, hasRested }: Continuation,
): Promise<undefined> {
  context.desired.unsettle()
  const host = await openFor(context, { app, present }, hasRested)
  await continueWanted(host, { app, deployment, direction })
}

function isStillWanted(context: ServeContext, { desire, gated }: PresentDesire): boolean {
  const now = presentDesire(context, desire.app)
  return isSameWish(now?.gated, gated) && now?.desire.phase !== 'back'
}

/** A deployment that no desired state speaks of any more. */
function tellNobody(): void {}

/** A host that waits for the server's word and tells the server what it does. */
async function openFor(
  context: ServeContext,
  { app, present }: { readonly app: string; readonly present: PresentDesire | undefined },
  waiting: () => void,
): Promise<Host> {
  const { outbox, clock, changed } = context
  const arrived = new AbortController()
  return openHost({
    settings: await context.readSettings(),
    report: present === undefined ? tellNobody : reportDeployment(present, outbox, clock),
    // Our own end is that of a crash to it: it is taken up by the next start.
    signal:
      present === undefined
        ? new AbortController().signal
        : abortedWhenTakenBack(context, present, arrived.signal),
    operator: present?.desire.by || 'the server',
    wait: lockPatience,
    gate: openPhaseGate({
      current: () => presentDesire(context, app),
      changed: (signal) => changed.heard(signal),
      clock,
      waiting: () => {
        arrived.abort()
        waiting()
      },
    }),
  })
}

/** Until it has come to its first gate, which then hears of it: what stages long is not awaited when nobody wants it. */
function abortedWhenTakenBack(
  context: ServeContext,
  { desire, gated }: PresentDesire,
  arrived: AbortSignal,
): AbortSignal {
  const taken = new AbortController()
  const watch = async (): Promise<void> => {
    while (!arrived.aborted) {
      await context.changed.heard(AbortSignal.any([arrived, context.signal]))
      phaseOf(gated, presentDesire(context, desire.app))
    }
  }
  watch().catch((thrown: unknown) => {
    if (!arrived.aborted && !context.signal.aborted) taken.abort(thrown)
  })
  return taken.signal
}
