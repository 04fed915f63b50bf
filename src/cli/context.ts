import { accountName } from '../system/index.ts'
import { commandDefiner, type ProgramRun } from '../terminal/index.ts'
import type { CliSettings, HostDeeds, HostDoor, SettingsPlace } from './host-door.ts'

/** What every command of sluice works with. */
export interface CliContext extends ProgramRun {
  readonly door: HostDoor
  /** Where sluice.yaml is looked for. */
  readonly place: SettingsPlace
  readonly cwd: string
  settings(): Promise<CliSettings>
  host(): Promise<HostDeeds>
}

/** Defines a command of sluice, with the values of its `run` typed by its arguments and options. */
export const defineCommand = commandDefiner<CliContext>()

/** Makes the context of one run; sluice.yaml is read and the host opened only when a command asks. */
export function createContext(run: ProgramRun, door: HostDoor, cwd: string): CliContext {
  const { config, wait } = run.globals as { config?: string; wait?: number }
  const place: SettingsPlace = {
    environment: run.io.environment,
    cwd,
    ...(config === undefined ? {} : { config }),
  }
  return {
    ...run,
    door,
    place,
    cwd,
    settings: () => door.readSettings(place),
    host: () =>
      door.open({
        place,
        report: run.report,
        signal: run.signal,
        operator: operatorName(run.io.environment),
        ...(wait === undefined ? {} : { wait }),
      }),
  }
}

/** The person at the keyboard: behind sudo the one who called it. */
export function operatorName(environment: Readonly<Record<string, string | undefined>>): string {
  return environment['SUDO_USER'] || environment['USER'] || accountName()
}
