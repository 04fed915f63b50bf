import { createServer, type Server } from 'node:http'

import {
  addProcessMetrics,
  createMetrics,
  metricsType,
  type Counter,
  type Summary,
} from '../../../metrics/index.ts'
import type { Log } from '../log.ts'

export interface ClientMetrics {
  readonly polls: Counter
  readonly runs: Counter
  /** Seconds of a script. */
  readonly durations: Summary
  sawCount(count: number): void
  /** Seconds since 1970. */
  ranAt(seconds: number): void
  render(): Promise<string>
}

export function createClientMetrics(): ClientMetrics {
  const metrics = createMetrics()
  let [lastCount, lastRun] = [0, 0]
  addProcessMetrics(metrics)
  const polls = metrics.counter('prostagma_polls_total', 'Polls of the server.')
  const runs = metrics.counter('prostagma_script_runs_total', 'Runs of the script.')
  const durations = metrics.summary('prostagma_script_duration_seconds', 'Time of a run.')
  metrics.observed('prostagma_last_count', 'Count that was seen last.', {
    type: 'gauge',
    read: () => [[{}, lastCount]],
  })
  metrics.observed('prostagma_last_run_timestamp_seconds', 'When the last run ended.', {
    type: 'gauge',
    read: () => [[{}, lastRun]],
  })
  return {
    polls,
    runs,
    durations,
    sawCount: (count) => {
      lastCount = count
    },
    ranAt: (seconds) => {
      lastRun = seconds
    },
    render: () => metrics.render(),
  }
}

/** Serves the page on all interfaces; a port that cannot be had is told, and the client works on. */
export function serveMetrics(metrics: ClientMetrics, port: number, log: Log): Server {
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 10_000 },
    (request, response) => {
      if (request.url?.replace(/\?.*$/, '') !== '/metrics') {
        response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n')
        return
      }
      void metrics.render().then((page) => {
        return response.writeHead(200, { 'content-type': metricsType }).end(page)
      })
    },
  )
  server.maxConnections = 100
  server.on('error', (error) => {
    log.error('Cannot serve metrics', { addr: `:${port}`, error: error.message })
  })
  server.listen(port)
  return server
}
