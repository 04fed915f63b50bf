import type { Host, HostSettings } from '../../host/index.ts'
import type { AppDesire, GatedBy } from '../../protocol/index.ts'
import type { PolicyFile } from '../../policy/index.ts'
import type { Clock } from '../../system/index.ts'
import type { ArchiveShelf } from './archive-shelf.ts'
import type { Bell } from './bell.ts'
import type { DesiredStore } from './desired-store.ts'
import type { Outbox } from './outbox.ts'
import type { ProvedSequences } from './proved-sequences.ts'
import type { Turns } from './turns.ts'
import type { WantList } from './want-list.ts'

/** What the parts of `sluice host serve` share. */
export interface ServeContext {
  /** For looking; what acts opens a host of its own. */
  readonly host: Host
  /** sluice.yaml as it is now. */
  readonly readSettings: () => Promise<HostSettings>
  readonly policy: PolicyFile
  readonly desired: DesiredStore
  readonly outbox: Outbox
  readonly shelf: ArchiveShelf
  readonly wants: WantList
  readonly proved: ProvedSequences
  /** Rung when something was desired, offered or allowed that was not before. */
  readonly changed: Bell
  /** Bounds how many deployments stage at once. */
  readonly turns: Turns
  readonly clock: Clock
  /** Aborted when we are to end. */
  readonly signal: AbortSignal
  readonly log: (message: string) => void
}

/** What the server wants of an app now. */
export interface PresentDesire {
  readonly desire: AppDesire
  readonly gated: GatedBy
}

export function presentDesire({ desired }: ServeContext, app: string): PresentDesire | undefined {
  const state = desired.current
  const desire = state?.apps.find((candidate) => candidate.app === app)
  if (state === undefined || desire === undefined) return undefined
  const { deployment, generation } = desire
  return { desire, gated: { epoch: state.epoch, deployment, generation } }
}
