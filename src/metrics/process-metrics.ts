import { readdirSync } from 'node:fs'

import type { Metrics } from './metrics.ts'

/** The figures of this process, under the names that every Prometheus client has for them. */
export function addProcessMetrics(metrics: Metrics): void {
  const startedAt = (Date.now() - performance.now()) / 1000
  const figures = [
    ['process_cpu_seconds_total', 'Processor time of user and system.', 'counter', processorTime],
    ['process_resident_memory_bytes', 'Memory in use.', 'gauge', () => process.memoryUsage.rss()],
    ['process_open_fds', 'Open file descriptors.', 'gauge', openDescriptors],
    ['process_start_time_seconds', 'When it started, since 1970.', 'gauge', () => startedAt],
  ] as const
  for (const [name, meaning, type, read] of figures) {
    metrics.observed(name, meaning, { type, read: () => [[{}, read()]] })
  }
}

function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}
