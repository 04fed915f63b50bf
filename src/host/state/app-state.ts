import type { GatedBy, Hold, ReleaseIdentity } from '../../protocol/index.ts'

/** What the host remembers of one app. Plain data; changed only through LockedApp.update. */
export interface AppState {
  readonly app: string
  readonly deploys: Readonly<Record<string, DeployEntry>>
  /** Committed bindings, oldest first; the last one is current. */
  readonly bindings: readonly Binding[]
  /** By digest: releases that were rolled back and stay rejected. */
  readonly quarantine: Readonly<Record<string, QuarantineEntry>>
  /** Releases that were taken out of quarantine, oldest first; state written before there was such a list has none. */
  readonly lifts?: readonly Lift[]
  /** Digests that retention must keep. */
  readonly pins: readonly string[]
  /** The deployment that has not ended, if any. */
  readonly unfinished: string | undefined
  /** The last thing a server wanted here that was reached; an app that no server manages has none. */
  readonly managed?: GatedBy
  readonly hold?: Hold
  /** A person has worked on it since: what was reached is to be reached again once the hold is released. */
  readonly disturbed?: true
}

export interface DeployEntry {
  readonly label: string
  readonly release: ReleaseIdentity
  /** `running` is what should be; whether it is, the driver says. */
  readonly wanted: 'staged' | 'running' | 'stopped'
  readonly port: number | undefined
  /** Directory of its unix socket, in switch mode `socket`. */
  readonly socketDirectory: string | undefined
  readonly driver: string
  readonly createdAt: number
  readonly deployment: string
}

/** What a deployment commits and a rollback goes back to. */
export interface Binding {
  readonly deployment: string
  readonly at: number
  readonly label: string
  readonly release: ReleaseIdentity
  readonly role: string | undefined
  /** sha256 of the configuration the templates were rendered with; kept as contexts/<hash>.json. */
  readonly contextHash: string
  readonly endpoints: readonly string[]
  /** sha256 over archive, rendered files, unit and routes: equal after a rollback to what it was before. */
  readonly stateDigest: string
  /** The server's deployment that it was reached for. */
  readonly gated?: GatedBy
}

export interface QuarantineEntry {
  /** The rollback that rejected it. */
  readonly deployment?: string
  readonly name: string
  readonly version: string
  readonly reason: string
  readonly by: string
  readonly at: number
  /**
   * `says`: a server rejects it everywhere, and lifts it. `told`: it failed here in a server's deployment, so that the
   * server is going to say so.
   */
  readonly server?: 'says' | 'told'
}

export interface Lift {
  readonly release: ReleaseIdentity
  readonly reason: string
  readonly by: string
  readonly at: number
  readonly rejected: { readonly reason: string; readonly by: string; readonly at: number }
}

/** Lifts kept for the history. */
const rememberedLifts = 100

export function emptyAppState(app: string): AppState {
  return { app, deploys: {}, bindings: [], quarantine: {}, pins: [], unfinished: undefined }
}

export function currentBinding(state: AppState): Binding | undefined {
  return state.bindings.at(-1)
}

export function withDeploy(state: AppState, entry: DeployEntry): AppState {
  return { ...state, deploys: { ...state.deploys, [entry.label]: entry } }
}

export function withoutDeploy(state: AppState, label: string): AppState {
  const { [label]: _removed, ...deploys } = state.deploys
  return { ...state, deploys }
}

/** Changes some fields of a deploy that is recorded; leaves the state alone when it is not. */
export function changeDeploy(
  state: AppState,
  label: string,
  change: Partial<DeployEntry>,
): AppState {
  const entry = state.deploys[label]
  return entry === undefined ? state : withDeploy(state, { ...entry, ...change })
}

/** Takes a release out of quarantine and remembers why; leaves the state alone when it is not in it. */
export function liftRelease(
  state: AppState,
  digest: string,
  lift: Pick<Lift, 'reason' | 'by' | 'at'>,
): AppState {
  const { [digest]: lifted, ...quarantine } = state.quarantine
  if (lifted === undefined) return state
  const { name, version, reason, by, at } = lifted
  const entry: Lift = { release: { name, version, digest }, ...lift, rejected: { reason, by, at } }
  return { ...state, quarantine, lifts: [...(state.lifts ?? []), entry].slice(-rememberedLifts) }
}

/**
 * Begins a deployment. One that a person runs on an app that a server manages sets the hold in the same write, so that
 * neither is there without the other.
 */
export function beginDeployment(
  state: AppState,
  begun: Hold & { readonly gated: GatedBy | undefined },
): AppState {
  const { gated, ...hold } = begun
  const next = { ...state, unfinished: begun.deployment }
  return gated !== undefined || state.managed === undefined
    ? next
    : { ...next, hold, disturbed: true }
}

export function withoutHold({ hold: _released, ...state }: AppState): AppState {
  return state
}

/** Whether a deployment's binding is written. */
export function isBound(state: AppState, deployment: string): boolean {
  return state.bindings.some((binding) => binding.deployment === deployment)
}

/** The binding a rollback goes to: that of deployment `to`, else the newest of an archive that is not the current one and not rejected. */
export function bindingToRestore(state: AppState, to: string | undefined): Binding | undefined {
  const earlier = state.bindings.toReversed()
  if (to !== undefined)
    return earlier.find((binding) => binding.deployment === to || binding.label === to)
  const current = currentBinding(state)?.release.digest
  return earlier.find(
    ({ release }) => release.digest !== current && state.quarantine[release.digest] === undefined,
  )
}
