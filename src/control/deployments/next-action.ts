import type { ReportedError } from '../../events/index.ts'
import type { DeploymentPhase, DeploymentState, HostDeploymentState } from '../../protocol/index.ts'
import { firstFailure, lateHosts, notReached } from './failures.ts'

/** Milliseconds that things may take. */
export interface DeploymentLimits {
  /** Without a poll or a report for so long, a host is silent. */
  readonly silentAfter: number
  /** From the request until a first host can be reached. */
  readonly reach: number
  /** For each phase, from when it is told. */
  readonly prepare: number
  readonly switch: number
  readonly commit: number
  readonly back: number
}

export interface DeploymentFacts {
  readonly state: DeploymentState
  /** Milliseconds since 1970, as all times here. */
  readonly createdAt: number
  /** Until when the hosts of this phase have time; null while nobody is reached. */
  readonly deadline: number | null
  /** Why it shall not go on: called off, or its release was rejected. */
  readonly stop: ReportedError | null
}

export interface HostFacts {
  readonly agent: string
  readonly name: string
  readonly state: HostDeploymentState
  /** It does not hold the others up, and gets what was committed when it is back. */
  readonly owed: boolean
  /** The last poll or report; null when there was none ever. */
  readonly heardAt: number | null
  readonly error: ReportedError | null
}

/** One step of a deployment: what is written in one transaction. */
export interface Action {
  /** The same as before when only debts changed. */
  readonly to: DeploymentState
  /** Hosts whose debt begins (true) or ends. */
  readonly owed: ReadonlyMap<string, boolean>
  /** What these hosts may do from now on. */
  readonly tell: DeploymentPhase | undefined
  readonly told: readonly string[]
  readonly deadline: number | null
  readonly error: ReportedError | null
}

export interface Moment {
  readonly now: number
  readonly limits: DeploymentLimits
}

type Decide = (deployment: DeploymentFacts, hosts: readonly HostFacts[], moment: Moment) => Decided
type Decided = Action | undefined

/**
 * What follows from what the hosts have reported; undefined when there is nothing to do but wait. Pure: any server may ask it
 * at any time, and asking twice answers the second time that there is nothing.
 */
export function nextAction(
  deployment: DeploymentFacts,
  hosts: readonly HostFacts[],
  moment: Moment,
): Action | undefined {
  return decisions[deployment.state](deployment, hosts, moment)
}

const decisions: Readonly<Record<DeploymentState, Decide>> = {
  requested: reach,
  preparing: prepare,
  switching: switchOver,
  committed: finish,
  undoing: goBack,
  succeeded: nothing,
  undone: nothing,
  partial: nothing,
}

function nothing(): undefined {
  return undefined
}

/** Waits for a first host that can be reached; until then nothing has begun and no time runs. */
function reach(deployment: DeploymentFacts, hosts: readonly HostFacts[], moment: Moment): Decided {
  const { now, limits } = moment
  if (deployment.stop !== null) return undo(hosts, deployment.stop, moment)
  const silent = hosts.filter((host) => isSilent(host, moment))
  if (silent.length < hosts.length)
    return { ...move('preparing', now + limits.prepare), owed: debts(hosts, silent) }
  if (now < deployment.createdAt + limits.reach) return owing(deployment, debts(hosts, silent))
  return undo(hosts, notReached(hosts), moment)
}

/** All that can be reached get ready before anybody switches. Who falls silent is owed, who comes back is waited for. */
function prepare(
  deployment: DeploymentFacts,
  hosts: readonly HostFacts[],
  moment: Moment,
): Decided {
  const silent = hosts.filter((host) => isSilent(host, moment))
  const failure = firstFailure(hosts) ?? deployment.stop
  if (failure !== null) return undo(hosts, failure, moment)
  const reached = hosts.filter((host) => !isSilent(host, moment))
  const owed = debts(hosts, silent)
  if (reached.length === 0) return { ...move('requested', null), owed }
  const late = reached.filter(({ state }) => !isReady.has(state))
  if (late.length === 0) {
    const told = { tell: 'switch', told: namesOf(reached) } as const
    return { ...move('switching', moment.now + moment.limits.switch), owed, ...told }
  }
  if (isOver(deployment, moment)) return undo(hosts, lateHosts(late, 'get ready'), moment)
  return owing(deployment, owed)
}

/** All that were told to switch have switched before it is committed, for everybody at once. */
function switchOver(
  deployment: DeploymentFacts,
  hosts: readonly HostFacts[],
  moment: Moment,
): Decided {
  const waitedFor = hosts.filter(({ owed }) => !owed)
  const failure = firstFailure(waitedFor) ?? deployment.stop
  if (failure !== null) return undo(hosts, failure, moment)
  const missing = waitedFor.filter(({ state }) => !hasSwitched.has(state))
  const silent = missing.filter((host) => isSilent(host, moment))
  // Somebody has to have switched: nothing is committed that nobody has seen working.
  const owed = silent.length < waitedFor.length ? silent : []
  if (owed.length === missing.length && waitedFor.length > 0) {
    const told = { tell: 'commit', told: namesOf(hosts) } as const
    const committed = move('committed', moment.now + moment.limits.commit)
    return { ...committed, owed: began(owed), ...told }
  }
  if (isOver(deployment, moment)) return undo(hosts, lateHosts(missing, 'switch'), moment)
  return owing(deployment, began(owed))
}

/** The commit stands. Who is not there in time is owed; only a host that is neither old nor new makes it partial. */
function finish(deployment: DeploymentFacts, hosts: readonly HostFacts[], moment: Moment): Decided {
  const open = hosts.filter(({ owed, state }) => !owed && !isCommitEnd.has(state))
  const left = isOver(deployment, moment)
    ? open
    : open.filter((host) => isSilent(host, moment) || wentBack.has(host.state))
  if (left.length < open.length) return owing(deployment, began(left))
  const failure = firstFailure(hosts.filter(({ state }) => state === 'failed'))
  const end = move(failure === null ? 'succeeded' : 'partial', null)
  return { ...end, owed: began(left), error: failure }
}

/** Everybody goes back. Who is silent will hear it on return; who is there and does not is a case for a person. */
function goBack(deployment: DeploymentFacts, hosts: readonly HostFacts[], moment: Moment): Decided {
  const open = hosts.filter(({ owed, state }) => !owed && !isBack.has(state))
  const silent = open.filter((host) => isSilent(host, moment))
  if (silent.length < open.length && !isOver(deployment, moment))
    return owing(deployment, began(silent))
  // Who has not even begun has nothing to take back.
  const late = open.filter((host) => !isSilent(host, moment) && host.state !== 'waiting')
  const failure =
    firstFailure(hosts.filter(({ state }) => state === 'failed')) ??
    (late.length === 0 ? null : lateHosts(late, 'go back'))
  const end = move(failure === null ? 'undone' : 'partial', null)
  return { ...end, owed: began(open), error: failure }
}

const isReady: ReadonlySet<HostDeploymentState> = new Set(['ready', 'switched', 'committed'])
const hasSwitched: ReadonlySet<HostDeploymentState> = new Set(['switched', 'committed'])
const isCommitEnd: ReadonlySet<HostDeploymentState> = new Set(['committed', 'failed'])
const wentBack: ReadonlySet<HostDeploymentState> = new Set(['undone', 'refused', 'held'])
/** `committed` here is a host that had this very release before. */
const isBack: ReadonlySet<HostDeploymentState> = new Set([...wentBack, ...isCommitEnd])

function isSilent({ heardAt }: HostFacts, { now, limits }: Moment): boolean {
  return heardAt === null || now - heardAt > limits.silentAfter
}

function isOver({ deadline }: DeploymentFacts, { now }: Moment): boolean {
  return deadline !== null && now >= deadline
}

function move(to: DeploymentState, deadline: number | null): Action {
  return { to, owed: new Map(), tell: undefined, told: [], deadline, error: null }
}

/** Back for everybody, the owed included: one of them may have begun. */
function undo(hosts: readonly HostFacts[], error: ReportedError, { now, limits }: Moment): Action {
  return { ...move('undoing', now + limits.back), tell: 'back', told: namesOf(hosts), error }
}

/** Stays where it is; undefined unless debts change. */
function owing({ state, deadline }: DeploymentFacts, owed: ReadonlyMap<string, boolean>): Decided {
  return owed.size === 0 ? undefined : { ...move(state, deadline), owed }
}

/** Exactly the silent ones are owed: who was and is back is not any more. */
function debts(
  hosts: readonly HostFacts[],
  silent: readonly HostFacts[],
): ReadonlyMap<string, boolean> {
  const silentOnes = new Set(silent)
  const changed = hosts.filter((host) => host.owed !== silentOnes.has(host))
  return new Map(changed.map(({ agent, owed }) => [agent, !owed]))
}

function began(hosts: readonly HostFacts[]): ReadonlyMap<string, boolean> {
  return new Map(hosts.filter(({ owed }) => !owed).map(({ agent }) => [agent, true]))
}

function namesOf(hosts: readonly HostFacts[]): readonly string[] {
  return hosts.map(({ agent }) => agent)
}
