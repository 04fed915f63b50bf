import type { DeploymentKind } from '../../protocol/index.ts'
import type { DeploymentOrder, DeployStep } from './deploy-context.ts'
import { afterSwitch } from './steps/after-switch.ts'
import { armRevert } from './steps/arm-revert.ts'
import { awaitConfirm } from './steps/await-confirm.ts'
import { awaitGo } from './steps/await-go.ts'
import { bake } from './steps/bake.ts'
import { commit } from './steps/commit.ts'
import { disarmRevert } from './steps/disarm-revert.ts'
import { drain } from './steps/drain.ts'
import { fetch } from './steps/fetch.ts'
import { loadDeploy } from './steps/load-deploy.ts'
import { migrate } from './steps/migrate.ts'
import { pointCurrent } from './steps/point-current.ts'
import { prestart } from './steps/prestart.ts'
import { prove } from './steps/prove.ts'
import { prune } from './steps/prune.ts'
import { publish } from './steps/publish.ts'
import { render } from './steps/render.ts'
import { reserve } from './steps/reserve.ts'
import { retire } from './steps/retire.ts'
import { start } from './steps/start.ts'
import { stop } from './steps/stop.ts'
import { disconnectEndpoints, switchEndpoints } from './steps/switch.ts'
import { unpack } from './steps/unpack.ts'

/**
 * What each kind of deployment does, in order. The steps of `before` are undone newest first when one fails;
 * those of `after` come behind the point of no return and are only ever repeated.
 */
export interface StepList {
  readonly before: readonly DeployStep[]
  readonly after: readonly DeployStep[]
}

const stage = [fetch, unpack, reserve, render, publish]
const bringUp = [prestart, start, prove]
const goLive = [armRevert, switchEndpoints, bake, commit]
const confirm = [pointCurrent, disarmRevert]
// The hook stands last: what it does wrong must not keep the old deploy running.
const wrapUp = [drain, retire, prune, afterSwitch]

export const stepLists: Readonly<Record<DeploymentKind, StepList>> = {
  deploy: { before: [...stage, migrate, ...bringUp, ...goLive], after: [...confirm, ...wrapUp] },
  // A migration belongs to the release that brought it and is not run again on the way back.
  rollback: { before: [...stage, ...bringUp, ...goLive], after: [...confirm, ...wrapUp] },
  start: { before: [...stage, migrate, ...bringUp], after: [] },
  connect: { before: [loadDeploy, ...goLive], after: [...confirm, afterSwitch] },
  disconnect: { before: [armRevert, disconnectEndpoints], after: [disarmRevert] },
  stop: { before: [], after: [stop] },
}

/** A deploy that a server wants waits for its word before the traffic moves, and again before it is kept. */
export const gatedDeploy: StepList = {
  before: [
    ...stage,
    migrate,
    ...bringUp,
    awaitGo,
    armRevert,
    switchEndpoints,
    bake,
    awaitConfirm,
    commit,
  ],
  after: stepLists.deploy.after,
}

export function stepsOf({ kind, request }: DeploymentOrder): StepList {
  return kind === 'deploy' && request.gated !== undefined ? gatedDeploy : stepLists[kind]
}
