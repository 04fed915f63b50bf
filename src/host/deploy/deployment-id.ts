import { pathExists } from '../../system/index.ts'
import type { Host } from '../host.ts'
import { journalPath } from '../journal-file.ts'
import { appPaths } from '../layout.ts'
import { listApps } from '../state/locked-app.ts'

/** `20261120-123904-ab3d`: sorts by time, and no deployment of this host has had it before. */
export function newDeploymentId(host: Pick<Host, 'clock' | 'randomText' | 'layout'>): string {
  const [date = '', time = ''] = new Date(host.clock.now()).toISOString().split(/[T.]/)
  const begin = `${date.replaceAll('-', '')}-${time.replaceAll(':', '')}`
  let id = ''
  do id = `${begin}-${host.randomText(4)}`
  while (isTaken(host, id))
  return id
}

function isTaken({ layout }: Pick<Host, 'layout'>, id: string): boolean {
  return listApps(layout).some((app) => pathExists(journalPath(appPaths(layout, app).journal, id)))
}
