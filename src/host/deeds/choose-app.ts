import { AppError } from '../../errors/index.ts'
import type { Host } from '../host.ts'
import { listApps } from '../state/locked-app.ts'

/** The app a command is about: the named one, or the only one there is. @throws AppError `not-found`. */
export function chooseApp(host: Host, wanted: string | undefined): string {
  const apps = listApps(host.layout)
  const [only] = apps
  if (wanted === undefined && apps.length === 1 && only !== undefined) return only
  if (wanted !== undefined && apps.includes(wanted)) return wanted
  const known = apps.length === 0 ? 'nothing is deployed here' : `this host has: ${apps.join(', ')}`
  const what =
    wanted === undefined ? 'which app is meant is not clear' : `there is no app "${wanted}"`
  throw new AppError('not-found', what, {
    hint: wanted === undefined ? `name one; ${known}` : known,
  })
}

/** The apps a command looks at: the named one, or all. @throws AppError `not-found`. */
export function chooseApps(host: Host, wanted: string | undefined): string[] {
  return wanted === undefined ? listApps(host.layout) : [chooseApp(host, wanted)]
}
