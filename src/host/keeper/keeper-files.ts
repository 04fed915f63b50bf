import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { AppError, errnoOf } from '../../errors/index.ts'
import { readIfPresent, removeFile, replaceFile, type ProcessIdentity } from '../../system/index.ts'
import type { ServiceSpec } from '../drivers/process-driver.ts'
import type { RevertTimer, ServiceKey } from './keeper-protocol.ts'

/** What the keeper knows about one service, durable for as long as the machine is up. */
export interface ServiceRecord {
  readonly spec: ServiceSpec
  /** The boot it belongs to; a record of another boot says nothing. */
  readonly bootId: string
  readonly wanted: 'running' | 'stopped'
  /** The process that was started last; undefined between its end and the next start. */
  readonly main: ProcessIdentity | undefined
  readonly restarts: number
  readonly lastEnd: string | undefined
}

export interface TimerRecord {
  readonly timer: RevertTimer
  readonly bootId: string
}

export function keeperSocket(runDir: string): string {
  return join(runDir, 'keeper.sock')
}

export function keeperLock(runDir: string): string {
  return join(runDir, 'keeper.lock')
}

export function keeperLog(runDir: string): string {
  return join(keeperDirectory(runDir), 'keeper.log')
}

/** Holds the records (with the services' environments, so 0700) and the output of reverts. */
export function keeperDirectory(runDir: string): string {
  return join(runDir, 'keeper')
}

export function readService(runDir: string, key: ServiceKey): ServiceRecord | undefined {
  return readRecord(servicePath(runDir, key)) as ServiceRecord | undefined
}

export function writeService(runDir: string, record: ServiceRecord): void {
  replaceFile(servicePath(runDir, record.spec), JSON.stringify(record))
}

export function removeService(runDir: string, key: ServiceKey): void {
  removeFile(servicePath(runDir, key))
}

export function listServices(runDir: string): ServiceRecord[] {
  return listRecords(runDir, serviceEnding).map((record) => record as ServiceRecord)
}

export function readTimer(
  runDir: string,
  app: string,
  deployment: string,
): TimerRecord | undefined {
  return readRecord(timerPath(runDir, app, deployment)) as TimerRecord | undefined
}

export function writeTimer(runDir: string, record: TimerRecord): void {
  const { app, deployment } = record.timer
  replaceFile(timerPath(runDir, app, deployment), JSON.stringify(record))
}

export function removeTimer(runDir: string, app: string, deployment: string): void {
  removeFile(timerPath(runDir, app, deployment))
}

export function listTimers(runDir: string): TimerRecord[] {
  return listRecords(runDir, timerEnding).map((record) => record as TimerRecord)
}

/** Where the output of a timer's command goes. */
export function revertLog(runDir: string, { app, deployment }: RevertTimer): string {
  return join(keeperDirectory(runDir), `${fileName(app, deployment)}.revert.log`)
}

const serviceEnding = '.service.json'
const timerEnding = '.timer.json'

function servicePath(runDir: string, { app, label }: ServiceKey): string {
  return join(keeperDirectory(runDir), fileName(app, label) + serviceEnding)
}

function timerPath(runDir: string, app: string, deployment: string): string {
  return join(keeperDirectory(runDir), fileName(app, deployment) + timerEnding)
}

/** Two names as one file name; `+` stands in neither, because it is encoded. */
function fileName(first: string, second: string): string {
  return `${encodeURIComponent(first)}+${encodeURIComponent(second)}`
}

function listRecords(runDir: string, ending: string): unknown[] {
  const directory = keeperDirectory(runDir)
  return listNames(directory)
    .filter((name) => name.endsWith(ending) && !name.startsWith('.'))
    .flatMap((name) => readRecord(join(directory, name)) ?? [])
}

function listNames(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}

function readRecord(path: string): unknown {
  const text = readIfPresent(path)?.toString('utf8')
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('state-corrupt', `${path} is not JSON`, { cause })
  }
}
