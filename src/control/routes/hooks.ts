import type { Answer } from '../server/error-response.ts'
import { raisedAnswer } from './triggers.ts'
import { ok, type RouteRequest, type Services } from './route.ts'

/** Authenticates the raw bytes before anything of them is read, then raises. */
export async function receiveHook(services: Services, request: RouteRequest): Promise<Answer> {
  const { trigger = '' } = request.params
  const { headers, rawBody: body } = request
  const now = services.clock.now()
  const delivery = services.hooks.accept(trigger, { headers, body, now })
  if (delivery.ignored !== undefined) return ok({ trigger, ignored: delivery.ignored }, 202)
  const { key, digest, source } = delivery
  const audit = { who: `webhook ${source}`, from: request.from }
  const raised = await services.triggers.raise(trigger, {
    by: 'webhook',
    source,
    key,
    digest,
    audit,
  })
  return raisedAnswer(services, raised)
}
