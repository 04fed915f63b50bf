import type * as hostFace from '../host/index.ts'
import type { Host, HostOptions, HostSettings, SettingsPlace } from '../host/index.ts'
import type { ServeOptions } from '../proxy/index.ts'

// Types only: nothing here makes the host, its schemas or YAML load.

export type { SettingsPlace }

export type HostFace = typeof hostFace

/** The functions of host's face that take an opened host first. */
type DeedName = {
  [Name in keyof HostFace]: HostFace[Name] extends (...words: infer Words) => unknown
    ? Words extends readonly [Host, ...unknown[]]
      ? Name
      : never
    : never
}[keyof HostFace]

type Bound<Deed> = Deed extends (host: Host, ...words: infer Words) => infer Answer
  ? (...words: Words) => Answer
  : never

/** The deeds of one opened host. A new one is here as soon as host's face names it. */
export type HostDeeds = { readonly [Name in DeedName]: Bound<HostFace[Name]> }

/** What a deed answers when it has ended well. */
export type AnswerOf<Name extends DeedName> = Awaited<ReturnType<HostDeeds[Name]>>

/** What the commands themselves need of sluice.yaml. */
export type CliSettings = Pick<HostSettings, 'store' | 'storeTokenFile'>

export interface OpenOptions extends Pick<HostOptions, 'report' | 'signal' | 'operator' | 'wait'> {
  readonly place: SettingsPlace
}

/** The way from the command line to the host; tests give another one. */
export interface HostDoor {
  readSettings(place: SettingsPlace): Promise<CliSettings>
  open(options: OpenOptions): Promise<HostDeeds>
  readonly init: HostFace['initHost']
  /** Runs the keeper until it has nothing to keep. */
  keep(place: SettingsPlace, signal: AbortSignal): Promise<void>
  /** Runs the embedded proxy until it is told to end. */
  serveProxy(place: Omit<ServeOptions, 'signals'>): Promise<void>
  /** JSON Schema of release.json. */
  manifestSchema(): Promise<unknown>
  /** JSON Schema of sluice.yaml. */
  settingsSchema(): Promise<unknown>
}
