import type { Relay, Triggers } from '../../../control/index.ts'
import {
  addProcessMetrics,
  createMetrics,
  type Counter,
  type Sample,
} from '../../../metrics/index.ts'

export interface ServerMetrics {
  readonly requests: Counter
  readonly downloads: Counter
  /** Remembers a trigger, so that its count is shown. */
  sawTrigger(name: string): void
  render(): Promise<string>
}

/** Names of triggers on the page: whoever has the secret makes them up. */
const mostTriggers = 500

export function createServerMetrics(triggers: Triggers, relay: Relay): ServerMetrics {
  const metrics = createMetrics()
  const names = new Set<string>()
  addProcessMetrics(metrics)
  metrics.observed('prostagma_trigger_count', 'Count of a trigger.', {
    type: 'gauge',
    read: () => Promise.all(Array.from(names, (name) => countOf(triggers, name))),
  })
  const requests = metrics.counter('prostagma_requests_total', 'Requests answered.')
  const downloads = metrics.counter('prostagma_cache_downloads_total', 'Files fetched.')
  const usage = {
    prostagma_cache_files: ['Files in the cache.', 'gauge', () => relay.usage().files],
    prostagma_cache_bytes: ['Bytes of the cache.', 'gauge', () => relay.usage().bytes],
    prostagma_cache_evictions_total: [
      'Files that had to go for others or for their age.',
      'counter',
      () => relay.usage().evicted,
    ],
  } as const
  for (const [name, [meaning, type, read]] of Object.entries(usage)) {
    metrics.observed(name, meaning, { type, read: () => [[{}, read()]] })
  }
  return {
    requests,
    downloads,
    sawTrigger: (name) => {
      if (names.size < mostTriggers) names.add(name)
    },
    render: () => metrics.render(),
  }
}

async function countOf(triggers: Triggers, trigger: string): Promise<Sample> {
  return [{ trigger }, await triggers.read(trigger, { create: true })]
}
