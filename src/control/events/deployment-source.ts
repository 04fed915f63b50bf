import type { Deployments } from '../deployments/deployments.ts'
import type { StoredEvent } from '../storage/deployment-records.ts'
import type { NumberedSource } from './numbered-source.ts'

/** What happens in one deployment, as `view` shows it. */
export function deploymentSource(
  id: string,
  deployments: Pick<Deployments, 'eventsAfter'>,
  view: (event: StoredEvent) => unknown,
): NumberedSource {
  return {
    name: 'deployment',
    // Whoever follows a deployment wants to see how it began.
    latest: async () => await Promise.resolve(0),
    read: async (after, limit) => {
      const events = await deployments.eventsAfter(id, after, { timeout: 0 })
      return events
        .slice(0, limit)
        .map((event) => ({ number: event.number, event: 'deployment-event', data: view(event) }))
    },
    wait: (after, options) => deployments.eventsAfter(id, after, options),
  }
}
