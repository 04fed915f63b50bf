import type { Deployments } from '../deployments/deployments.ts'
import type { StoredEvent } from '../storage/deployment-records.ts'
import type { Storage } from '../storage/storage.ts'
import type { NumberedSource } from './numbered-source.ts'

export interface DeploymentSourceOptions {
  readonly deployments: Pick<Deployments, 'eventsAfter'>
  readonly storage: Pick<Storage, 'deployments'>
  /** Where a reader begins that has seen nothing; undefined for what comes next. */
  readonly from: number | undefined
  /** An event as this reader may see it. */
  readonly view: (event: StoredEvent) => unknown
}

/** What happens to one deployment. */
export function deploymentSource(
  id: string,
  { deployments, storage, from, view }: DeploymentSourceOptions,
): NumberedSource {
  return {
    name: `deployment:${id}`,
    latest: async () => from ?? (await storage.deployments.find(id))?.events ?? 0,
    read: async (after, limit) => {
      const events = await storage.deployments.events(id, { after, limit })
      return events.map((event) => ({
        number: event.number,
        event: `deployment-${event.content.kind}`,
        data: view(event),
      }))
    },
    wait: (after, options) => deployments.eventsAfter(id, after, options),
  }
}
