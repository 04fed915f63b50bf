import { z } from '../../config/index.ts'
import { deploymentSource } from '../events/deployment-source.ts'
import { openEventStream } from '../events/event-stream.ts'
import type { Answer } from '../server/error-response.ts'
import type { StoredEvent } from '../storage/deployment-records.ts'
import { eventView } from './deployment-views.ts'
import { findDeployment, mayWith } from './deployments.ts'
import type { RouteRequest, Services } from './route.ts'
import { wholeNumber } from './whole-number.ts'

export const followDeploymentQuery = z.strictObject({
  after: wholeNumber(Number.MAX_SAFE_INTEGER).optional(),
})

/** What happens to a deployment from now on, after a number, or after the event that the reader saw last. */
export async function followDeployment(
  services: Services,
  request: RouteRequest<unknown, z.infer<typeof followDeploymentQuery>>,
): Promise<Answer> {
  const { storage, clock, deployments } = services
  const deployment = await findDeployment(services, request)
  const { id } = deployment
  const seesOutput = mayWith(request, 'read-output', deployment)
  const hosts = await storage.deployments.hosts(id)
  const names = new Map(hosts.map(({ agent, name }) => [agent, name]))
  const view = (event: StoredEvent): unknown => eventView(event, { names, seesOutput })
  const { after: from } = request.query
  const events = await openEventStream({
    epoch: storage.epoch,
    sources: [deploymentSource(id, { deployments, storage, from, view })],
    lastId: request.headers.get('last-event-id'),
    clock,
    signal: request.signal,
    isOpen: () => services.isOpen(),
  })
  return { status: 200, body: undefined, events }
}
