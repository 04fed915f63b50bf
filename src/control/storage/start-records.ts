import type { Creation, Decider, NewDeployment, Selector } from './deployment-records.ts'
import type { NewScriptRuns } from './script-run-records.ts'

/** A raise that nobody has taken up yet, the last one of its trigger. */
export interface WaitingRaise {
  readonly trigger: string
  readonly sequence: number
}

/** What a raise starts; ids come from the raise, so that it starts one thing however often it is tried. */
export type NewStart =
  | { readonly kind: 'deployment'; readonly request: NewDeployment; readonly decide: Decider }
  | { readonly kind: 'script'; readonly runs: NewScriptRuns; readonly selector: Selector }
  /** It can start nothing; why. */
  | { readonly kind: 'nothing'; readonly reason: string }

export type TakenUp =
  | { readonly kind: 'started'; readonly outcome: string }
  /** Another deployment must end before. */
  | { readonly kind: 'waits'; readonly for: string }
  | { readonly kind: 'failed'; readonly outcome: string }
  /** Somebody else took it up, or a later raise has come meanwhile. */
  | { readonly kind: 'gone' }

/** What raises start. Only `triggers/` writes here. */
export interface StartRecords {
  /** The last raise of each of these triggers, of those where it was not taken up. */
  waiting(triggers: readonly string[]): Promise<WaitingRaise[]>
  /** Starts it and records that as the raise's outcome, in one transaction; earlier open raises are superseded. */
  takeUp(raise: WaitingRaise, start: NewStart): Promise<TakenUp>
}

/** Why a raise started nothing, as its outcome tells it. */
export function refusalOf(creation: Creation): string | undefined {
  switch (creation.kind) {
    case 'created':
    case 'repeated':
    case 'unfinished':
      return undefined
    case 'key-reused':
      return 'failed: its deployment exists with another release'
    case 'no-release':
      return 'failed: the release is gone'
    case 'no-hosts':
      return 'failed: no agent has these labels'
    case 'rejected':
      return `failed: release ${creation.version} is rejected: ${creation.reason}`
  }
}
