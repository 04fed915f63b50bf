import type { AddressInfo } from 'node:net'

import { AppError } from '../../errors/index.ts'
import { addProcessMetrics, createMetrics, metricsType, type Metrics } from '../../metrics/index.ts'
import { ioError } from '../../system/index.ts'
import type { StandingBoard } from './standing.ts'

/** The agent's own counts. */
export interface AgentFigures {
  countPoll(): void
  countFailure(loop: string): void
  readonly metrics: Metrics
}

export function openFigures(board: StandingBoard): AgentFigures {
  const metrics = createMetrics()
  const polls = metrics.counter('sluice_agent_polls_total', 'Polls that were begun.')
  const failures = metrics.counter('sluice_agent_failures_total', 'Rounds that failed, by loop.')
  const gauges = [
    ['sluice_agent_connected', 'Whether the server answered the last poll.', serverThere],
    ['sluice_agent_host_connected', 'Whether sluice host serve is there.', hostThere],
    ['sluice_agent_revision', 'Of the desired state that the host has.', hostRevision],
    ['sluice_agent_reports_pending', 'Reports that the server does not have yet.', pending],
    ['sluice_agent_archives_wanted', 'Archives that the host waits for.', wanted],
    ['sluice_agent_clock_skew_seconds', "The server's clock less ours.", skew],
  ] as const
  for (const [name, meaning, read] of gauges)
    metrics.observed(name, meaning, { type: 'gauge', read: () => [[{}, read(board)]] })
  addProcessMetrics(metrics)
  return {
    countPoll: () => polls.add(),
    countFailure: (loop) => failures.add({ loop }),
    metrics,
  }
}

const serverThere = (board: StandingBoard): number => Number(board.read().isServerThere)
const hostThere = (board: StandingBoard): number => Number(board.read().isHostThere)
const hostRevision = (board: StandingBoard): number => board.read().onHost?.revision ?? 0
const pending = (board: StandingBoard): number => board.read().pendingReports
const wanted = (board: StandingBoard): number => board.read().wants.length
const skew = (board: StandingBoard): number => board.read().skew / 1000

/**
 * Serves /metrics on an address of this machine; answers how to stop. Nothing is loaded and nothing listens unless asked for.
 * @throws AppError `usage` for an address that others can reach; `io-failed` when it is taken.
 */
export async function serveFigures(
  { metrics }: AgentFigures,
  listen: string | undefined,
): Promise<() => Promise<void>> {
  if (listen === undefined) return () => Promise.resolve()
  const [, host = '', port] = /^(127(?:\.\d{1,3}){3}|\[::1\]):(\d{1,5})$/.exec(listen) ?? []
  if (port === undefined)
    throw new AppError('usage', `"${listen}" is no address and port of this machine`, {
      hint: 'such as 127.0.0.1:9101',
    })
  const { createServer } = await import('node:http')
  const server = createServer((request, response) => {
    const isPage = request.url === '/metrics'
    response.writeHead(isPage ? 200 : 404, { 'content-type': metricsType })
    if (!isPage) response.end()
    else void metrics.render().then((page) => response.end(page))
  })
  const address: Pick<AddressInfo, 'port' | 'address'> = {
    port: Number(port),
    address: host.replaceAll(/[[\]]/g, ''),
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(ioError(listen, error)))
    server.listen(address.port, address.address, resolve)
  })
  server.unref()
  return async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}
