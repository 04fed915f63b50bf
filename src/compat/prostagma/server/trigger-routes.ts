import type { IncomingHttpHeaders } from 'node:http'

import {
  afterHeader,
  countText,
  epochHeader,
  holdHeader,
  longestHold,
} from '../../../control/index.ts'
import type { Exchange, Route, ServerContext } from './server-context.ts'

/** POST /trigger: one more. Answered when it is on the disk. */
export const raiseTrigger: Route = async ({ ask, ip, response }, { triggers, metrics, log }) => {
  const { trigger } = ask
  await triggers.raise(trigger, { by: 'prostagma', source: ip, create: true })
  metrics.sawTrigger(trigger)
  log.info('Client is incrementing a trigger count', { ip, trigger })
  response.setHeader(epochHeader, triggers.epoch)
  response.writeHead(200).end()
}

/** GET /trigger: the count; of a trigger nobody has raised, 0. A held poll is answered when there is something new. */
export const readTrigger: Route = async (exchange, context) => {
  const { ask, response } = exchange
  const { triggers, metrics } = context
  metrics.sawTrigger(ask.trigger)
  const count = await (isHeld(exchange, context)
    ? hold(exchange, context)
    : read(exchange, context))
  response.setHeader(epochHeader, triggers.epoch)
  response.setHeader(holdHeader, String(longestHold))
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.end(countText(ask.trigger, count))
}

function read({ ask }: Exchange, { triggers }: ServerContext): Promise<number> {
  return triggers.read(ask.trigger, { create: true })
}

/** Who knows counts of another epoch is to hear at once. */
function isHeld({ request }: Exchange, { triggers }: ServerContext): boolean {
  const { headers } = request
  return number(headers, holdHeader) > 0 && headers[epochHeader] === triggers.epoch
}

async function hold(exchange: Exchange, { triggers, signal }: ServerContext): Promise<number> {
  const { request, response, ask } = exchange
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const seconds = Math.min(number(request.headers, holdHeader), longestHold)
  return await triggers.waitBeyond(ask.trigger, number(request.headers, afterHeader), {
    timeout: seconds * 1000,
    signal: AbortSignal.any([signal, gone.signal]),
  })
}

function number(headers: IncomingHttpHeaders, name: string): number {
  const text = headers[name]
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : 0
}
