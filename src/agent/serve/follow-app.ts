import { AppError, toAppError } from '../../errors/index.ts'
import { reportError } from '../../events/index.ts'
import { followRejections, readStanding, releaseHold } from '../../host/index.ts'
import { judgeDesire } from '../../policy/index.ts'
import { sluiceVersion } from '../../system/index.ts'
import { chooseAct, reportable, type Act, type Told } from './choose-act.ts'
import { continueDesired, deployDesired } from './act-on-app.ts'
import { presentDesire, type PresentDesire, type ServeContext } from './serve-context.ts'
import { toldOfApp } from './told.ts'

/** Brings one app to what the server wants of it, and again whenever something changes; ends with the signal. */
export async function followApp(
  context: ServeContext,
  app: string,
  beginWork: () => () => void,
): Promise<void> {
  const { changed, clock, signal } = context
  while (!signal.aborted) {
    // Before looking: what changes while we look must not be missed.
    const heard = changed.heard(signal).catch(() => undefined)
    const hasRested = beginWork()
    const pause = await workOn(context, app, hasRested).catch((thrown: unknown) => {
      // Not even that could be told.
      context.log(`${app}: ${toAppError(thrown).message}`)
      return shortPause
    })
    hasRested()
    const over = new AbortController()
    await Promise.race([heard, clock.sleep(pause, over.signal).catch(() => undefined)])
    over.abort()
  }
}

/** Milliseconds after which everything is looked at again although nobody rang. */
const usualPause = 60_000
/** Milliseconds until the next try where somebody works on the app or the machine refused. */
const shortPause = 2000

/** Acts until there is nothing to do; answers after how many milliseconds to look again. */
async function workOn(context: ServeContext, app: string, hasRested: () => void): Promise<number> {
  // What ended us three times is not touched until the server states something else.
  while (!context.desired.isAside) {
    const present = presentDesire(context, app)
    try {
      await reject(context, app)
      const standing = readStanding(context.host, app, present?.gated)
      const act = chooseAct(present, standing, toldOfApp(context.outbox.told, app))
      const pause = await perform(context, { app, present, act, hasRested })
      if (pause !== undefined) return pause
    } catch (thrown) {
      return await failed(context, present, thrown)
    }
  }
  return usualPause
}

/** Before anything is deployed: a rejected release must not be. */
async function reject({ host, desired }: ServeContext, app: string): Promise<void> {
  if (desired.current === undefined) return
  const rejected = desired.current.rejected.filter((release) => release.app === app)
  await followRejections(
    host,
    app,
    rejected.map(({ app: _app, ...release }) => release),
  )
}

interface Turn {
  readonly app: string
  readonly present: PresentDesire | undefined
  readonly act: Act
  readonly hasRested: () => void
}

/** Answers a pause, or undefined when there may be more to do at once. */
async function perform(
  context: ServeContext,
  { app, present, act, hasRested }: Turn,
): Promise<number | undefined> {
  if (act.act !== 'deploy') context.wants.set(app, undefined)
  switch (act.act) {
    case 'continue':
      return await continueDesired(context, { app, present, hasRested, ...act })
    case 'release-hold':
      await releaseHold(context.host, { app, setBefore: act.setBefore })
      return undefined
    case 'rest':
      if (present !== undefined && act.tell !== undefined) await tell(context, present, act.tell)
      return usualPause
    case 'deploy': {
      const wait = act.notBefore - context.clock.now()
      if (wait > 0) return Math.min(wait, usualPause)
      return present === undefined
        ? usualPause
        : await deployDesired(context, {
            present,
            approval: await judge(context, present),
            hasRested,
          })
    }
  }
}

async function tell(context: ServeContext, present: PresentDesire, told: Told): Promise<void> {
  const { desire, gated } = present
  // First what the next release is measured by: a crash in between would forget it.
  if (told.state === 'committed') await rememberSequence(context, present)
  const { deployment, generation } = gated
  context.outbox.tell({
    kind: 'deployment-state',
    deployment,
    app: desire.app,
    generation,
    ...told,
  })
  // The app keeps a copy of its own.
  if (told.state === 'committed') context.shelf.remove(desire.release.digest)
}

async function judge(
  { policy, proved, clock, readSettings }: ServeContext,
  { desire }: PresentDesire,
): ReturnType<typeof judgeDesire> {
  return await judgeDesire(await policy.read(), desire, {
    file: policy.path,
    lowestSequence: proved.lowest(desire.app),
    user: (await readSettings()).user,
    sluice: sluiceVersion,
    now: clock.now(),
  })
}

async function rememberSequence(context: ServeContext, present: PresentDesire): Promise<void> {
  const { app } = present.desire
  const told = toldOfApp(context.outbox.told, app)
  if (told?.state === 'committed' && told.generation === present.gated.generation) return
  // What the policy says by now does not undo what it is committed by.
  const approval = await judge(context, present).catch(() => undefined)
  if (approval?.sequence !== undefined) context.proved.raise(app, approval.sequence)
}

/** What could not even be begun. */
async function failed(
  context: ServeContext,
  present: PresentDesire | undefined,
  thrown: unknown,
): Promise<number> {
  const error = toAppError(thrown)
  context.log(`${present?.desire.app ?? 'an app'}: ${error.message}`)
  if (present === undefined || passing.has(error.code)) return shortPause
  const state = nothingBegun(error) ? 'refused' : 'undone'
  await tell(context, present, { state, error: reportable(reportError(error)) })
  return usualPause
}

/** Somebody else works on the app, or did so a moment ago. */
const passing: ReadonlySet<string> = new Set(['locked', 'fenced', 'held', 'aborted'])

function nothingBegun({ kind }: AppError): boolean {
  return kind === 'refused'
}
