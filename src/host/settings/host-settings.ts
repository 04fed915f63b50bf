import type { Endpoint, ProxySettings } from '../../proxy/index.ts'
import type { UnpackLimits } from '../../release/index.ts'

/** sluice.yaml, checked, with defaults filled in. Durations are milliseconds, sizes bytes. */
export interface HostSettings {
  /** The file it was read from. */
  readonly file: string
  readonly root: string
  readonly runDir: string
  /** A directory or an http(s) URL. */
  readonly store: string
  readonly storeTokenFile: string | undefined
  /** Both ends may be used. */
  readonly ports: { readonly from: number; readonly to: number }
  readonly proxy: ProxySettings
  readonly endpoints: Readonly<Record<string, Endpoint>>
  /** Context name → JSON or YAML file on this host. */
  readonly configSources: Readonly<Record<string, string>>
  readonly retention: RetentionSettings
  readonly limits: Partial<UnpackLimits>
  /** Account the releases' processes and commands run as; ours when undefined. */
  readonly user: string | undefined
  /** Undefined: systemd where it is PID 1, else supervised. */
  readonly driver: 'systemd' | 'supervised' | undefined
  /** How long a process without a check must run on before its deploy goes on. */
  readonly stayUpFor: number
  readonly bake: BakeSettings
  /** Time after a switch in which it must be committed, or the host goes back by itself. */
  readonly confirmWithin: number
  /** Time between two requests of the traffic probe. */
  readonly probeInterval: number
  /** First wait before a crashed process is started again; doubles up to 30 s. */
  readonly restartDelay: number
  /** Bytes of output kept per deploy. */
  readonly logLimit: number
  readonly host: { readonly name: string; readonly properties: Readonly<Record<string, string>> }
}

export interface RetentionSettings {
  /** Releases kept per app besides what runs, the last good one and the pinned ones. */
  readonly keep: number
  /** Bytes that kept releases and deploys of one app may take. */
  readonly bytes: number
  /** Free bytes below which nothing is downloaded. */
  readonly diskFloor: number
  /** Journals and hook outputs kept per app. */
  readonly history: number
}

export interface BakeSettings {
  /** How long a new deploy is watched after its switch. */
  readonly for: number
  /** Failed requests that switch back. */
  readonly failures: number
  readonly interval: number
}
