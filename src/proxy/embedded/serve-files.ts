import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { makeDirectory, readIfPresent, replaceFile } from '../../system/index.ts'
import type { ProxyPlace, ProxySettings } from '../proxy-settings.ts'

/** The settings a proxy process starts with; written by whoever starts it. */
export function saveServeSettings(place: ProxyPlace, settings: ProxySettings): void {
  const path = settingsPath(place)
  const text = `${JSON.stringify(settings, undefined, 2)}\n`
  if (readIfPresent(path)?.toString('utf8') === text) return
  makeDirectory(join(place.root, 'proxy'))
  replaceFile(path, text, { mode: 0o644 })
}

/** @throws AppError `config-missing`, `config-invalid` */
export function loadServeSettings(place: ProxyPlace): ProxySettings {
  const path = settingsPath(place)
  const text = readIfPresent(path)?.toString('utf8')
  if (text === undefined) {
    throw new AppError('config-missing', `${path} does not exist`, {
      hint: 'run `sluice boot`, which writes it from sluice.yaml and starts the proxy',
    })
  }
  try {
    return JSON.parse(text) as ProxySettings
  } catch (error) {
    throw new AppError('config-invalid', `${path} is not JSON`, {
      hint: 'run `sluice boot`, which writes it anew from sluice.yaml',
      cause: error,
    })
  }
}

/** What a proxy process prints. */
export function proxyLogPath(place: ProxyPlace): string {
  return join(place.root, 'log', 'proxy.log')
}

export function accessLogPath(place: ProxyPlace): string {
  return join(place.root, 'log', 'proxy-access.log')
}

/** A link to the control socket of the process that accepts connections now. */
export function controlLink(place: ProxyPlace): string {
  return join(place.runDir, 'proxy.sock')
}

/** The control socket of one process; a leaving one has it until its last connection has ended. */
export function controlSocket(place: ProxyPlace, pid: number): string {
  return join(place.runDir, `proxy-${pid}.sock`)
}

/** The pid of the process that accepts connections now; systemd follows it over a hand-over. */
export function proxyPidPath(place: ProxyPlace): string {
  return join(place.runDir, 'proxy.pid')
}

function settingsPath(place: ProxyPlace): string {
  return join(place.root, 'proxy', 'settings.json')
}
