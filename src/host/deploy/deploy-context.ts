import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import type { DeploymentKind, GatedBy, ReleaseIdentity } from '../../protocol/index.ts'
import type { Manifest } from '../../release/index.ts'
import type { Step, StepContext } from '../../steps/index.ts'
import type { Host } from '../host.ts'
import { stagingPath } from '../layout.ts'
import type { LockedApp } from '../state/locked-app.ts'
import type { TrafficWatch } from './watch-traffic.ts'

/** What a deployment was asked to do, resolved before anything starts; journaled, so that `resume` knows it. */
export interface DeploymentRequest {
  readonly release?: ReleaseIdentity
  /** Path or store name the archive comes from; undefined when it is already on this host. */
  readonly source?: { readonly kind: 'path' | 'store'; readonly name: string }
  readonly label: string
  /** Port and label are taken from an earlier deploy that is still on the disk. */
  readonly reuse?: boolean
  readonly role?: string
  readonly endpoints: readonly string[]
  /** Restores this recorded configuration instead of reading the present one. */
  readonly contextHash?: string
  /** Digest that is rejected once the deployment has succeeded. */
  readonly rejects?: { readonly digest: string; readonly reason: string }
  /** Deploys that are stopped after the commit. */
  readonly retires: readonly string[]
  /** What of the server wants it: it passes the gates, and its binding is the server's. */
  readonly gated?: GatedBy
}

export interface DeploymentOrder {
  readonly kind: DeploymentKind
  readonly request: DeploymentRequest
}

/** What the steps found out so far; see each step for what it adds. */
export interface DeployFacts {
  readonly archive?: string
  readonly manifest?: Manifest
  readonly port?: number
  /** The deploy that is used again ran already. */
  readonly wasRunning?: boolean
  readonly socketDirectory?: string
  readonly driver?: string
  readonly contextHash?: string
  readonly treeDigest?: string
  readonly previous?: readonly {
    readonly endpoint: string
    readonly app?: string
    readonly label?: string
  }[]
  readonly proof?: 'proved' | 'not proved' | 'none needed'
  /** When the timer takes a gated deployment back, milliseconds since 1970. */
  readonly revertAt?: number
}

export interface DeployContext extends StepContext<DeployFacts> {
  readonly host: Host
  readonly app: LockedApp
  readonly deployment: string
  readonly request: DeploymentRequest
  readonly traffic: TrafficWatch | undefined
}

export type DeployStep = Step<DeployContext>

/** A fact that an earlier step must have found. */
export function known<Name extends keyof DeployFacts>(
  context: DeployContext,
  name: Name,
): NonNullable<DeployFacts[Name]> {
  const value = context.facts[name]
  if (value === undefined || value === null)
    throw new AppError('bug', `no step has found out "${name}" yet`)
  return value
}

/** The release this deployment is about. */
export function releaseOf(context: DeployContext): ReleaseIdentity {
  const { release } = context.request
  if (release === undefined) throw new AppError('bug', 'this deployment has no release')
  return release
}

export function deployDirectory(context: DeployContext): string {
  return join(context.app.paths.deploys, context.request.label)
}

/** Where the tree is put together before it is published. */
export function stagedTree(context: DeployContext): string {
  return join(stagingPath(context.host.layout, context.deployment), 'tree')
}
