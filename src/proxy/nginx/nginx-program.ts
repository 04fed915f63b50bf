import { readFileSync } from 'node:fs'

import { AppError } from '../../errors/index.ts'
import {
  descendants,
  identify,
  run,
  signalProcess,
  type ProcessIdentity,
} from '../../system/index.ts'
import type { NginxSettings } from '../proxy-settings.ts'

const testWithin = 20_000

/** Runs `nginx -t` on a main configuration; answers what it complains about, or undefined when it is content. */
export async function testConfig(
  settings: NginxSettings,
  mainConfig: string,
  prefix = settings.prefix,
): Promise<string | undefined> {
  const argv = [
    settings.program,
    '-t',
    '-c',
    mainConfig,
    ...(prefix === undefined ? [] : ['-p', prefix]),
  ]
  const result = await run(argv, { timeout: testWithin })
  if (result.status === 0) return undefined
  return complaint(result.stderr || result.stdout || 'nginx -t failed without a word')
}

/**
 * The running master of our nginx, or undefined. A pid file may be stale and its number somebody else's by now, so
 * the process must call itself an nginx master, and one of our prefix and configuration where it names any.
 */
export function findMaster(settings: NginxSettings): ProcessIdentity | undefined {
  const pid = Number(readText(settings.pidFile ?? '/run/nginx.pid').trim())
  if (!Number.isInteger(pid) || pid <= 1) return undefined
  const title = processTitle(pid)
  if (!title.startsWith('nginx: master process')) return undefined
  const config = argumentOf(title, '-c')
  if (config !== undefined && config !== settings.mainConfig) return undefined
  const prefix = argumentOf(title, '-p')
  if (settings.prefix !== undefined && trimSlash(prefix) !== trimSlash(settings.prefix))
    return undefined
  return identify(pid)
}

/** Tells the master to read its configuration again. @throws AppError `proxy-unreachable` */
export function signalReload(settings: NginxSettings): void {
  const master = findMaster(settings)
  if (master !== undefined && signalProcess(master, 'SIGHUP')) return
  throw notRunning(settings)
}

export function notRunning(settings: NginxSettings): AppError {
  return new AppError(
    'proxy-unreachable',
    `no nginx master with ${settings.mainConfig} runs by ${settings.pidFile ?? '/run/nginx.pid'}`,
    { hint: 'start it (`systemctl start nginx`), then run `sluice boot`', retryable: true },
  )
}

/** Workers that take new connections, and those that only finish old ones. */
export function findWorkers(settings: NginxSettings): { serving: number[]; leaving: number[] } {
  const master = findMaster(settings)
  const workers = { serving: [] as number[], leaving: [] as number[] }
  if (master === undefined) return workers
  for (const pid of descendants(master.pid)) {
    const title = processTitle(pid)
    if (title.startsWith('nginx: worker process is shutting down')) workers.leaving.push(pid)
    else if (title.startsWith('nginx: worker process')) workers.serving.push(pid)
  }
  return workers
}

/** The lines that tell the fault, without time stamps. */
function complaint(output: string): string {
  const lines = output.split('\n').filter((line) => /\[(?:emerg|crit|error)\]/.test(line))
  const text = (lines.length > 0 ? lines : output.split('\n')).join('; ')
  return text.replace(/\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /g, '').slice(0, 1000)
}

function processTitle(pid: number): string {
  return readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
}

function argumentOf(title: string, flag: string): string | undefined {
  const words = title.split(/\s+/)
  const at = words.indexOf(flag)
  return at === -1 ? undefined : words[at + 1]
}

function trimSlash(path: string | undefined): string | undefined {
  return path?.replace(/\/+$/, '')
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
