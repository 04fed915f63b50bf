import { mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

import {
  makeDirectory,
  pathExists,
  publishDirectory,
  removeTree,
  setMode,
  swapLink,
} from '../../system/index.ts'
import type { ProxyPlace } from '../proxy-settings.ts'
import type { Route, RouteTable } from '../routes.ts'
import { endpointLink } from './render-app.ts'

// Mode `socket`: `ep/<endpoint>` is a link to a directory of one generation, which is never changed and holds the
// number and a link to the deploy's socket. One rename moves both, so nginx can never see the one without the other.

/** Brings the links of all endpoints to the table; the last directory before each stays for requests under way. */
export function pointLinks(place: ProxyPlace, table: RouteTable): void {
  for (const directory of [join(place.runDir, 'ep'), generations(place)]) {
    makeDirectory(directory)
    // nginx's workers must pass, whatever the umask of the operator was.
    setMode(directory, 0o755)
  }
  for (const route of Object.values(table.routes)) pointLink(place, route)
  removeStrangers(place, table)
}

function pointLink(place: ProxyPlace, route: Route): void {
  const link = endpointLink(place, route.endpoint.name)
  const wanted = generationDirectory(place, route)
  if (!isRight(route, wanted)) {
    removeTree(wanted)
    makeGeneration(place, route, wanted)
  }
  const before = readLink(link)
  if (before === wanted) return
  swapLink(wanted, link)
  removeOlder(place, route.endpoint.name, [wanted, before])
}

/** Numbers begin anew when the routes were lost, so an old directory may carry the number of a new one. */
function isRight(route: Route, directory: string): boolean {
  if (!pathExists(directory)) return false
  return readLink(join(directory, 'app.sock')) === socketOf(route)
}

function socketOf({ target }: Route): string | undefined {
  return target?.kind === 'socket' ? join(target.directory, 'app.sock') : undefined
}

function makeGeneration(place: ProxyPlace, route: Route, wanted: string): void {
  const staging = join(generations(place), `.new.${process.pid}.${basename(wanted)}`)
  rmSync(staging, { recursive: true, force: true })
  mkdirSync(staging)
  setMode(staging, 0o755)
  writeReadable(join(staging, 'generation'), String(route.generation))
  const socket = socketOf(route)
  if (socket !== undefined) {
    symlinkSync(socket, join(staging, 'app.sock'))
    // nginx asks for this file: a connected deploy that is down is another thing than none.
    writeReadable(join(staging, 'connected'), '')
  }
  publishDirectory(staging, wanted)
}

/** A path resolution that began before the swap may still walk through the directory before, so that one stays. */
function removeOlder(
  place: ProxyPlace,
  endpoint: string,
  keep: readonly (string | undefined)[],
): void {
  for (const name of readdirSync(generations(place))) {
    const path = join(generations(place), name)
    const isOurs = name.slice(0, name.lastIndexOf('.')) === endpoint
    const isLeftOver = name.startsWith('.new.')
    if ((isOurs || isLeftOver) && !keep.includes(path)) removeTree(path)
  }
}

function removeStrangers(place: ProxyPlace, table: RouteTable): void {
  for (const name of readdirSync(join(place.runDir, 'ep'))) {
    if (name.startsWith('.') || Object.hasOwn(table.routes, name)) continue
    rmSync(endpointLink(place, name), { force: true })
    removeOlder(place, name, [])
  }
}

function writeReadable(path: string, text: string): void {
  writeFileSync(path, text)
  setMode(path, 0o644)
}

function generationDirectory(place: ProxyPlace, route: Route): string {
  return join(generations(place), `${route.endpoint.name}.${route.generation}`)
}

function generations(place: ProxyPlace): string {
  return join(place.runDir, 'routes')
}

function readLink(path: string): string | undefined {
  return pathExists(path) ? readlinkSync(path) : undefined
}
