import type { Scope } from '../scope.ts'
import type { Backend, Backends } from './children.ts'

/** Something that stands in front of two releases and can be switched between them. */
export interface Rival {
  /** Where visitors ask. */
  readonly port: number
  /** Sends visitors to a release; returns when whatever does it says it is done. */
  connect(release: Backend): Promise<void>
}

/** Starts a rival in a folder of its own; it ends with the scope and serves the first release. */
export type StartRival = (scope: Scope, folder: string, releases: Backends) => Promise<Rival>
