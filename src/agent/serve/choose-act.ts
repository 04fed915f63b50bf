import { isSameWish, type AppStanding } from '../../host/index.ts'
import type { ReportedError } from '../../events/index.ts'
import type { HostDeploymentState, HostReportBody } from '../../protocol/index.ts'
import type { PresentDesire } from './serve-context.ts'
import type { ToldDeployment } from './told.ts'

// Pure: what is to be done next for one app, from what the server wants, what is there and what was told.

export type Act =
  | {
      readonly act: 'continue'
      readonly deployment: string
      readonly direction: 'forward' | 'back'
    }
  | { readonly act: 'release-hold'; readonly setBefore: number }
  /** If the policy allows it, and once the archive is here; not before `notBefore`, milliseconds since 1970. */
  | { readonly act: 'deploy'; readonly notBefore: number }
  /** Nothing until something changes; `tell` is how things stand. */
  | { readonly act: 'rest'; readonly tell: Told | undefined }

/** A state to be told, with what goes with it. */
export type Told = Pick<
  Extract<HostReportBody, { kind: 'deployment-state' }>,
  'state' | 'error' | 'rejects' | 'local' | 'traffic'
>

export function chooseAct(
  present: PresentDesire | undefined,
  standing: AppStanding,
  told: ToldDeployment | undefined,
): Act {
  const { unfinished } = standing
  if (unfinished?.gated !== undefined) {
    const goesOn = isSameWish(unfinished.gated, present?.gated) && present?.desire.phase !== 'back'
    const direction = goesOn ? 'forward' : 'back'
    return { act: 'continue', deployment: unfinished.deployment, direction }
  }
  if (present === undefined || isOldNews(present, standing)) return rest()
  return isReached(present, standing)
    ? rest(describeEnd('committed', standing))
    : chooseUnreached(present, standing, told)
}

function chooseUnreached(
  { desire, gated }: PresentDesire,
  standing: AppStanding,
  told: ToldDeployment | undefined,
): Act {
  const { hold, last, quarantine } = standing
  if (hold !== undefined) {
    const { holdReleasedAt: setBefore = 0 } = desire
    if (setBefore > hold.at) return { act: 'release-hold', setBefore }
    return rest({ state: 'held', error: heldBy(hold.by) })
  }
  const isToldHere = told?.deployment === gated.deployment && told.generation === gated.generation
  if (last?.outcome === 'partial') return rest(describeEnd('failed', standing))
  const wasUndone = last?.outcome === 'undone' || (isToldHere && told.state === 'undone')
  if (desire.phase === 'back' || (wasUndone && desire.phase !== 'commit')) {
    if (last !== undefined) return rest(describeEnd('undone', standing))
    return rest(isToldHere && told.state === 'undone' ? undefined : neverBegun)
  }
  // An archive that holds another release than was announced will not hold it tomorrow.
  if (isToldHere && told.state === 'refused' && told.code === 'release-mismatch') return rest()
  const rejected = quarantine[desire.release.digest]
  if (rejected !== undefined) return rest({ state: 'refused', error: quarantined(rejected) })
  if (standing.undone > mostRetries) return rest(describeEnd('undone', standing))
  return { act: 'deploy', notBefore: retryTime(standing) }
}

/** Failures of our own after which a deployment that is committed elsewhere is tried again. */
const mostRetries = 6
/** Milliseconds before the second try; doubles. */
const firstPause = 5000
const longestPause = 10 * 60_000

/** What was taken back for want of a word, or by a crash, is no failure: it goes forward at once. */
function retryTime({ last, undone }: AppStanding): number {
  const code = last?.error?.code ?? ''
  if (last === undefined || wordless.has(code)) return 0
  return last.endedAt + Math.min(longestPause, firstPause * 2 ** (undone - 1))
}

const wordless: ReadonlySet<string> = new Set(['unconfirmed', 'taken-back', 'interrupted'])

function isReached({ gated }: PresentDesire, { managed, isDisturbed, last }: AppStanding): boolean {
  return !isDisturbed && (isSameWish(managed, gated) || last?.isCommitted === true)
}

function isOldNews({ gated }: PresentDesire, { managed }: AppStanding): boolean {
  return managed?.epoch === gated.epoch && managed.generation > gated.generation
}

function rest(tell?: Told): Act {
  return { act: 'rest', tell }
}

function describeEnd(state: HostDeploymentState, { last }: AppStanding): Told {
  if (last === undefined) return { state }
  const { deployment: local, error, traffic } = last
  return {
    state,
    local,
    ...(error === undefined ? {} : { error: reportable(error) }),
    ...(state === 'undone' && error !== undefined && isOwnFailure(error) ? { rejects: true } : {}),
    ...(traffic === undefined ? {} : { traffic: asJson(traffic) }),
  }
}

/** Without what is undefined, as it goes over the wire. */
function asJson(value: object): Told['traffic'] {
  return JSON.parse(JSON.stringify(value)) as Told['traffic']
}

/** Characters of a text of an error, as the protocol has it. */
const longestText = 8192

/** As the protocol has it: without the step, and no longer than it may be. */
export function reportable({ code, message, hint, output }: ReportedError): ReportedError {
  return {
    code,
    message: message.slice(0, longestText),
    ...(hint === undefined ? {} : { hint: hint.slice(0, longestText) }),
    ...(output === undefined ? {} : { output: output.slice(-longestText) }),
  }
}

/** Whether it is the release that failed, and would fail on every host; not the machine, nor a word that did not come. */
export function isOwnFailure({
  code,
  step,
}: {
  readonly code: string
  readonly step?: string
}): boolean {
  if (brokenArchive.has(code)) return true
  return ownCodes.has(code) && ownSteps.has(step ?? '')
}

const brokenArchive: ReadonlySet<string> = new Set([
  'archive-invalid',
  'archive-unsafe',
  'manifest-missing',
  'manifest-invalid',
])
const ownSteps: ReadonlySet<string> = new Set(['migrate', 'prestart', 'start', 'prove', 'bake'])
const ownCodes: ReadonlySet<string> = new Set([
  'unhealthy',
  'start-failed',
  'bake-failed',
  'command-failed',
  'command-timeout',
])

const neverBegun: Told = {
  state: 'undone',
  error: { code: 'taken-back', message: 'the server took it back before it was begun here' },
}

function heldBy(by: string): ReportedError {
  return { code: 'held', message: `${by} works on it on this host` }
}

function quarantined({ by, reason }: { by: string; reason: string }): ReportedError {
  return { code: 'quarantined', message: `it was rejected by ${by}: ${reason}` }
}
