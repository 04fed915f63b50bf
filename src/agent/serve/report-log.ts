import { join } from 'node:path'

import type { HostReport, HostReportBody } from '../../protocol/index.ts'
import {
  openAppendLog,
  readAppendLog,
  replaceAppendLog,
  type AppendLog,
} from '../../system/index.ts'
import { afterReport, nothingTold, type Told } from './told.ts'

/** Numbered reports, durable until the server has them, and what the server was told by all of them. */
export interface ReportLog {
  readonly state: ReportState
  /** Durable when this returns. @throws AppError `disk-full`, `io-failed`; then none was added. */
  append(bodies: readonly HostReportBody[], at: number): void
  /**
   * Forgets what the server has. If that is more than was ever numbered here, this host has lost its memory and the server has
   * not: what waits gets numbers that are news to it.
   */
  acknowledge(upTo: number): void
  close(): void
}

export interface ReportState {
  /** The last report that the server has. */
  readonly acknowledged: number
  readonly told: Told
  /** Not acknowledged yet, by number. */
  readonly reports: readonly HostReport[]
}

type LogRecord =
  | ({ readonly type: 'base' } & ReportState)
  | ({ readonly type: 'reports' } & Omit<ReportState, 'told'>)

/** Records after which the log is written anew without what is acknowledged. */
const longestLog = 1000

export function openReportLog(directory: string): ReportLog {
  const path = join(directory, 'outbox.log')
  const records = readAppendLog(path) as LogRecord[]
  let state = restore(records)
  let count = records.length
  let log: AppendLog = openAppendLog(path)

  function writeAnew(): void {
    log.close()
    try {
      replaceAppendLog(path, [{ type: 'base', ...state } satisfies LogRecord])
      count = 1
    } finally {
      // Also on a full disk: a number that is closed may soon be another file's.
      log = openAppendLog(path)
    }
  }

  return {
    get state() {
      return state
    },
    append: (bodies, at) => {
      const { acknowledged, reports, told } = state
      const last = lastNumber(state)
      const added = bodies.map((body, index) => ({ number: last + index + 1, at, body }))
      log.append({ type: 'reports', acknowledged, reports: added } satisfies LogRecord)
      count++
      state = {
        acknowledged,
        told: bodies.reduce(afterReport, told),
        reports: [...reports, ...added],
      }
    },
    acknowledge: (upTo) => {
      if (upTo > lastNumber(state)) {
        state = numberedBehind(upTo, state)
        writeAnew()
        return
      }
      const acknowledged = Math.max(state.acknowledged, upTo)
      const reports = state.reports.filter(({ number }) => number > acknowledged)
      state = { ...state, acknowledged, reports }
      if (count > longestLog) writeAnew()
    },
    close: () => log.close(),
  }
}

function numberedBehind(upTo: number, state: ReportState): ReportState {
  const reports = state.reports.map((report, index) => ({ ...report, number: upTo + index + 1 }))
  return { ...state, acknowledged: upTo, reports }
}

function lastNumber({ reports, acknowledged }: ReportState): number {
  return reports.at(-1)?.number ?? acknowledged
}

function restore(records: readonly LogRecord[]): ReportState {
  let acknowledged = 0
  let told = nothingTold
  const reports: HostReport[] = []
  for (const record of records) {
    acknowledged = Math.max(acknowledged, record.acknowledged)
    reports.push(...record.reports)
    if (record.type === 'base') told = record.told
    else told = record.reports.reduce((known, { body }) => afterReport(known, body), told)
  }
  return { acknowledged, told, reports: reports.filter(({ number }) => number > acknowledged) }
}
