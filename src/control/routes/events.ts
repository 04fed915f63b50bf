import { z } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import { openEventStream } from '../events/event-stream.ts'
import { triggerSource } from '../events/trigger-source.ts'
import type { Answer } from '../server/error-response.ts'
import { triggerName } from '../settings/settings-schema.ts'
import { missing } from './missing.ts'
import type { RouteRequest, Services } from './route.ts'

export const followEventsQuery = z.strictObject({ trigger: triggerName.optional() })

/** Sources of one stream; each costs a wait. */
const mostSources = 100

/** What is raised from now on, or after the event that the reader saw last. */
export async function followEvents(
  services: Services,
  { query, headers, params, signal }: RouteRequest<unknown, z.infer<typeof followEventsQuery>>,
): Promise<Answer> {
  const { definitions, clock, storage } = services
  const { trigger } = query
  if (trigger !== undefined && !definitions.has(trigger)) throw missing({ ...params, trigger })
  const names = trigger === undefined ? [...definitions.keys()] : [trigger]
  if (names.length > mostSources)
    throw new AppError('request-invalid', `one stream cannot follow ${names.length} triggers`, {
      hint: 'follow one: ?trigger=NAME',
    })
  const events = await openEventStream({
    epoch: storage.epoch,
    sources: names.map((name) => triggerSource(name, services)),
    lastId: headers.get('last-event-id'),
    clock,
    signal,
    isOpen: () => services.isOpen(),
  })
  return { status: 200, body: undefined, events }
}
