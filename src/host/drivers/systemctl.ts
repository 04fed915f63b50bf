import { runOrFail } from '../../system/index.ts'

/** Where units lie that are gone after a reboot; `sluice boot` makes them again. */
export const runtimeUnits = '/run/systemd/system'

/** Asks systemd to do something; answers its standard output. @throws AppError `command-failed`. */
export type Systemctl = (...words: readonly string[]) => Promise<string>

/** The tool of that name on this machine; tests name another program. */
export function openSystemctl(program = 'systemctl'): Systemctl {
  return (...words) => runOrFail([program, '--no-pager', ...words])
}

/** What `systemctl show` tells of a unit, by property. */
export function parseProperties(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}
