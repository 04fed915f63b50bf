import { accessSync, constants, statfsSync, statSync } from 'node:fs'

import { toAppError } from '../../errors/index.ts'
import { mayInspectOthers, runsSystemd, runSync } from '../../system/index.ts'
import { findEscape } from '../hooks/own-processes.ts'
import type { Host } from '../host.ts'
import { socketDirectory } from '../layout.ts'
import { listApps, readAppState } from '../state/locked-app.ts'
import { isBootUnitEnabled } from './install-boot-unit.ts'

export interface Check {
  readonly name: string
  readonly state: 'good' | 'weak' | 'bad'
  readonly detail: string
  readonly hint?: string
}

/** Looks at everything sluice leans on and says what is missing or only half as strong as it could be. */
export async function diagnoseHost(host: Host): Promise<{ readonly checks: readonly Check[] }> {
  const checks: (() => Check | Promise<Check>)[] = [
    () => checkDirectories(host),
    () => checkDiskSpace(host),
    checkLocks,
    checkHooks,
    () => checkSupervision(host),
    () => checkSight(host),
    () => checkSocketPaths(host),
    () => checkSecretFiles(host),
    () => checkStates(host),
    () => checkProxy(host),
  ]
  const results: Check[] = []
  for (const check of checks) results.push(await check())
  return { checks: results }
}

function checkDirectories({ layout }: Host): Check {
  for (const path of [layout.root, layout.runDir]) {
    try {
      accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    } catch (error) {
      const hint = 'run `sluice init`, or run sluice as the account that owns it'
      return { name: 'directories', state: 'bad', detail: toAppError(error).message, hint }
    }
  }
  return {
    name: 'directories',
    state: 'good',
    detail: `${layout.root} and ${layout.runDir} can be written`,
  }
}

function checkDiskSpace({ layout, settings }: Host): Check {
  const disk = statfsSync(layout.root)
  const free = disk.bavail * disk.bsize
  const detail = `${Math.floor(free / 1024 ** 2)} MiB are free below ${layout.root}`
  if (free >= settings.retention.diskFloor) return { name: 'disk space', state: 'good', detail }
  const hint = 'nothing will be downloaded: run `sluice prune` or free some space'
  return { name: 'disk space', state: 'bad', detail, hint }
}

function checkLocks(): Check {
  if (runSync(['flock', '--version']).status === 0) {
    return { name: 'locks', state: 'good', detail: 'flock(1) works' }
  }
  return { name: 'locks', state: 'bad', detail: 'flock(1) is missing', hint: 'install util-linux' }
}

function checkHooks(): Check {
  const name = 'commands of releases'
  if (runsSystemd()) return { name, state: 'good', detail: 'run in scopes of systemd' }
  const escape = findEscape()
  if (escape === undefined) return { name, state: 'good', detail: 'nothing they start can escape' }
  return { name, state: 'weak', detail: escape, hint: 'run sluice as root for the stronger way' }
}

function checkSupervision(host: Host): Check {
  const name = 'supervision'
  const watcher = runsSystemd() ? 'systemd' : 'the keeper'
  if (runsSystemd() && isBootUnitEnabled(host)) {
    const detail = 'systemd watches the deploys and runs `sluice boot` when the machine starts'
    return { name, state: 'good', detail }
  }
  return {
    name,
    state: 'weak',
    detail: `${watcher} watches the deploys; nothing starts them after a reboot`,
    hint: runsSystemd()
      ? '`sluice boot --install` makes systemd do it'
      : 'run `sluice boot` from whatever starts this machine',
  }
}

function checkSight({ settings }: Host): Check {
  const name = 'proof of listeners'
  if (settings.user === undefined || mayInspectOthers()) {
    return { name, state: 'good', detail: 'it can be seen which process listens' }
  }
  return {
    name,
    state: 'bad',
    detail: `processes of ${settings.user} cannot be looked into, so no deploy of theirs can be proved`,
    hint: 'give this container CAP_SYS_PTRACE, or take `user` out of sluice.yaml',
  }
}

function checkSocketPaths({ layout }: Host): Check {
  const name = 'socket paths'
  const longest = `${socketDirectory(layout, 'a'.repeat(32), 'l'.repeat(32))}/app.sock`
  if (longest.length <= 107)
    return { name, state: 'good', detail: `${layout.runDir} is short enough` }
  const hint = 'choose a shorter runDir in sluice.yaml'
  return { name, state: 'weak', detail: `${layout.runDir} leaves little room for labels`, hint }
}

/** Token and private keys that sluice.yaml names: nobody but their owner has a use for them. */
function checkSecretFiles({ settings }: Host): Check {
  const name = 'secret files'
  const keys = Object.values(settings.endpoints).flatMap(({ tls }) => tls?.key ?? [])
  const files = new Set([settings.storeTokenFile ?? [], ...keys].flat())
  try {
    const open = [...files].filter((file) => (statSync(file).mode & 0o077) !== 0)
    if (open.length === 0) {
      const detail = files.size === 0 ? 'none are named' : 'only their owners can read them'
      return { name, state: 'good', detail }
    }
    const detail = `other accounts may read or change ${open.join(', ')}`
    return { name, state: 'weak', detail, hint: `chmod go= ${open.join(' ')}` }
  } catch (error) {
    return { name, state: 'bad', detail: toAppError(error).message }
  }
}

function checkStates({ layout }: Host): Check {
  const name = 'recorded state'
  try {
    const unfinished = listApps(layout).flatMap((app) => readAppState(layout, app).unfinished ?? [])
    if (unfinished.length === 0) return { name, state: 'good', detail: 'every app is settled' }
    const hint = '`sluice resume` takes it up'
    return { name, state: 'weak', detail: `unfinished: ${unfinished.join(', ')}`, hint }
  } catch (error) {
    return { name, state: 'bad', detail: toAppError(error).message }
  }
}

async function checkProxy({ proxy, routes }: Host): Promise<Check> {
  const isNeeded = Object.values(routes.load().routes).some(({ target }) => target !== undefined)
  const running = isNeeded ? await proxy.diagnose() : []
  const problems = [...routes.diagnose(), ...running]
  if (problems.length === 0) {
    const detail = `${proxy.name} in mode ${proxy.mode}${isNeeded ? '' : ', nothing connected yet'}`
    return { name: 'proxy', state: 'good', detail }
  }
  return {
    name: 'proxy',
    state: 'bad',
    detail: problems.join('; '),
    hint: '`sluice boot` starts it again',
  }
}
