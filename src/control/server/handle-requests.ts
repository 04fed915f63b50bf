import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Holder } from '../access/rights.ts'
import type { Services } from '../routes/route.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import type { Answered, WireRequest } from './answer-request.ts'
import { logBug, type ServerLog } from './server-log.ts'
import { wireRequest } from './wire-request.ts'
import { writeAnswer } from './write-answer.ts'

export interface HandlerOptions {
  readonly settings: ServerSettings
  readonly services: Services
  readonly log: ServerLog
  readonly answering: (wire: WireRequest) => Promise<Answered>
}

/** Ties requests of node:http to their answers, and tells the log and the counts. */
export function createHandler({ settings, services, log, answering }: HandlerOptions) {
  return async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const begun = services.clock.monotonic()
    const { identity } = services
    const wire = wireRequest(incoming, outgoing, { settings, identity })
    const { from } = wire
    const { answer: given, route, holder } = await answering(wire)
    const answer = 'late' in given ? await given.late : given
    // What is left of a body that was not read must not be taken for the next request.
    if (!incoming.complete) outgoing.setHeader('connection', 'close')
    const status = await writeAnswer(incoming, outgoing, answer).catch((thrown: unknown) => {
      logBug(log, thrown)
      return 500
    })
    const milliseconds = Math.round(services.clock.monotonic() - begun)
    services.metrics.countRequest(route, status, milliseconds / 1000)
    if (quiet.has(route) && status < 400) return
    const facts = { route, status, milliseconds, from }
    log.info('request', { ...facts, ...callerFacts(holder) })
  }
}

/** Asked for every few seconds by what watches us. */
const quiet = new Set(['show-health', 'show-readiness', 'show-metrics', 'poll-desired'])

function callerFacts(holder: Holder | undefined) {
  if (holder === undefined) return {}
  return holder.agent === undefined ? { token: holder.id } : { agent: holder.agent }
}
