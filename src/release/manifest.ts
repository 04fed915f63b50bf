/** release.json, checked and with defaults filled in. Durations are milliseconds here; in the file they read `10s`. */
export interface Manifest {
  readonly name: string
  readonly version: string
  /** Template files, relative to the release; each is rendered to the same path without its last extension. */
  readonly templates: readonly string[]
  /** Context name → JSON or YAML file in the release. */
  readonly configSources: Readonly<Record<string, string>>
  readonly prestartCommand: string
  readonly startCommand: string
  readonly stopCommand: string
  /** A process that sluice runs itself; used instead of startCommand and stopCommand. */
  readonly service: ServiceManifest | undefined
  /** Where it listens: on $PORT, on the unix socket $SLUICE_SOCKET, or on whichever of the two it is given. */
  readonly listen: 'port' | 'socket' | 'either'
  readonly check: CheckManifest | undefined
  readonly drain: DrainManifest
  readonly migrate: MigrateManifest | undefined
  readonly shared: { readonly files: readonly string[]; readonly directories: readonly string[] }
  readonly hooks: HooksManifest
  /** What hosts of a role do differently; applied by `manifestForRole`. */
  readonly roles: Readonly<Record<string, RoleOverrides>>
}

/** Keys that a role gives replace the release's own as a whole. */
export type RoleOverrides = Partial<Omit<Manifest, 'name' | 'version' | 'roles'>>

export interface ServiceManifest {
  /** A line for /bin/sh; `exec` it so that the shell does not stay in between. */
  readonly command: string
  readonly env: Readonly<Record<string, string>>
  readonly stopSignal: 'SIGTERM' | 'SIGINT' | 'SIGQUIT'
  /** Milliseconds between the stop signal and SIGKILL. */
  readonly grace: number
}

export type CheckManifest = {
  /** Milliseconds between attempts. */
  readonly interval: number
  /** Milliseconds one attempt may take. */
  readonly timeout: number
  /** Consecutive successes that count as proved. */
  readonly successes: number
  /** Milliseconds until the deploy is given up. */
  readonly within: number
} & (
  | { readonly type: 'http'; readonly path: string; readonly status: readonly number[] }
  | { readonly type: 'tcp' }
  | { readonly type: 'command'; readonly command: string }
)

export interface DrainManifest {
  /** Milliseconds to wait for open connections of the old deploy. */
  readonly timeout: number
}

export interface MigrateManifest {
  readonly command: string
  readonly timeout: number
  /** A line that takes the migration back; without it a migration is a point of no return. */
  readonly undoCommand: string | undefined
}

export interface HooksManifest {
  readonly afterSwitch: HookManifest | undefined
  readonly afterStop: HookManifest | undefined
}

export interface HookManifest {
  readonly command: string
  readonly timeout: number
  /** Whether it may be run again when nobody knows if it finished. */
  readonly idempotent: boolean
}
