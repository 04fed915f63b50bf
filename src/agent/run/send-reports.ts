import { AppError } from '../../errors/index.ts'
import type { HostReport } from '../../protocol/index.ts'
import { connectHost } from '../host/ask-host.ts'
import { readUpTo } from '../server/server-answers.ts'
import type { ServerLine } from '../server/server-line.ts'
import type { StandingBoard } from './standing.ts'

/** Milliseconds that the host holds the question for reports. */
const hold = 30_000
const answerTime = 60_000
/** Of one request. */
const [mostReports, mostBytes] = [200, 1024 * 1024] as const

/**
 * Carries reports from the host to the server until the connection to the host ends. The host keeps each one until the server
 * has it, so whatever fails here, it is asked for again.
 * @throws AppError of either side.
 */
export async function sendReports(
  socketPath: string,
  { line, board, signal }: SendMeans,
): Promise<void> {
  const host = await connectHost(socketPath, signal)
  try {
    let after = (await host.ask({ ask: 'hello' })).acknowledged
    while (!signal.aborted) {
      const { reports, wants } = await host.ask({ ask: 'reports', after, wait: hold })
      board.change({ wants, pendingReports: reports.length })
      for (const batch of inBatches(reports)) {
        const upTo = await deliver(line, batch)
        after = (await host.ask({ ask: 'acknowledge', upTo })).upTo
      }
      board.change({ pendingReports: 0 })
    }
  } finally {
    host.close()
  }
}

interface SendMeans {
  readonly line: ServerLine
  readonly board: StandingBoard
  readonly signal: AbortSignal
}

/** A report that the server can never take must not keep the others: its place is taken by one that says so. */
async function deliver(line: ServerLine, batch: readonly HostReport[]): Promise<number> {
  try {
    return await post(line, batch)
  } catch (thrown) {
    if (!(thrown instanceof AppError) || !untakable.has(thrown.code)) throw thrown
    const [only, ...more] = batch
    if (only === undefined) throw thrown
    if (more.length === 0) return await post(line, [inPlaceOf(only, thrown)])
    let upTo = 0
    for (const report of batch) upTo = await deliver(line, [report])
    return upTo
  }
}

const untakable = new Set<string>(['request-invalid', 'request-too-large'])

async function post(line: ServerLine, reports: readonly HostReport[]): Promise<number> {
  const as = { read: readUpTo, timeout: answerTime }
  return (await line.ask('/v1/agent/reports', { reports }, as)).upTo
}

function inPlaceOf({ number, at, body }: HostReport, { message }: AppError): HostReport {
  const words = `the server did not take a report of kind ${body.kind}: ${message}`
  return { number, at, body: { kind: 'alarm', code: 'report-not-taken', message: words } }
}

export function inBatches(reports: readonly HostReport[]): readonly (readonly HostReport[])[] {
  const batches: HostReport[][] = []
  let bytes = 0
  for (const report of reports) {
    const size = Buffer.byteLength(JSON.stringify(report))
    const last = batches.at(-1)
    const fits = last !== undefined && last.length < mostReports && bytes + size <= mostBytes
    if (fits) last.push(report)
    else batches.push([report])
    bytes = fits ? bytes + size : size
  }
  return batches
}
