import type { HostReport, HostReportBody } from '../../protocol/index.ts'
import type { Clock } from '../../system/index.ts'
import type { Bell } from './bell.ts'
import { openReportLog } from './report-log.ts'
import { afterReport, isNews, type Told } from './told.ts'

/** What is to be told to the server: numbered from 1 without gaps, kept until it is acknowledged. */
export interface Outbox {
  readonly told: Told
  /** The last report that the server has. */
  readonly acknowledged: number
  /**
   * Durable when this returns, with all that was noted before. What was told already is left out.
   * @throws AppError `disk-full`, `io-failed`; then nothing was told.
   */
  tell(body: HostReportBody): void
  /** Durable some moments later, however long the disk refuses it; never throws. */
  tellSoon(body: HostReportBody): void
  /** As `tellSoon`, but left out where thousands wait already. */
  note(body: HostReportBody): void
  after(number: number): readonly HostReport[]
  /** The server has them, and they are forgotten; answers up to which. */
  acknowledge(upTo: number): number
  close(): void
}

/** Milliseconds in which notes are gathered for one write. */
const gathering = 50
/** Milliseconds until the next try when the disk refused. */
const retryPause = 2000
/** Reports that wait; beyond that only states are kept, no words about steps. */
const mostWaiting = 10_000
/** Reports in one answer. */
const mostAtOnce = 500

export function openOutbox(directory: string, clock: Clock, bell: Bell): Outbox {
  const log = openReportLog(directory)
  let noted: HostReportBody[] = []
  let timer: NodeJS.Timeout | undefined

  function flush(more: readonly HostReportBody[] = []): void {
    const bodies = newsOf(log.state.told, [...noted, ...more])
    if (bodies.length > 0) {
      log.append(bodies, clock.now())
      bell.ring()
    }
    noted = []
    clearTimeout(timer)
    timer = undefined
  }

  function flushLater(pause: number): void {
    timer ??= setTimeout(() => {
      timer = undefined
      try {
        flush()
      } catch {
        // They stay noted: a disk that is full today has room another day.
        flushLater(retryPause)
      }
    }, pause)
  }

  return {
    get told() {
      return log.state.told
    },
    get acknowledged() {
      return log.state.acknowledged
    },
    tell: (body) => {
      if (isNews(log.state.told, body)) flush([body])
    },
    tellSoon: (body) => {
      noted.push(body)
      flushLater(0)
    },
    note: (body) => {
      if (log.state.reports.length + noted.length >= mostWaiting) return
      noted.push(body)
      flushLater(gathering)
    },
    after: (number) =>
      log.state.reports.filter((report) => report.number > number).slice(0, mostAtOnce),
    acknowledge: (upTo) => {
      log.acknowledge(upTo)
      return log.state.acknowledged
    },
    close: () => {
      clearTimeout(timer)
      flush()
      log.close()
    },
  }
}

function newsOf(told: Told, bodies: readonly HostReportBody[]): HostReportBody[] {
  let known = told
  return bodies.filter((body) => {
    const news = isNews(known, body)
    known = afterReport(known, body)
    return news
  })
}
