import { z } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import { mayDo } from '../access/rights.ts'
import type { Answer, LateAnswer } from '../server/error-response.ts'
import type { Triggers, WaitOptions } from '../triggers/triggers.ts'
import type { TriggerEvent } from '../storage/trigger-records.ts'
import { sha256 } from '../triggers/sources/delivery.ts'
import { missing } from './missing.ts'
import { ok, readKey, type RouteRequest, type Services } from './route.ts'
import { wholeNumber } from './whole-number.ts'

/** Longer waits would be cut by what lies between. */
const longestWait = 25

export const readTriggerQuery = z.strictObject({
  after: wholeNumber(Number.MAX_SAFE_INTEGER).optional(),
  wait: wholeNumber(longestWait).default(0),
  epoch: z
    .string()
    .regex(/^[a-z2-7]{1,64}$/, 'is not an epoch')
    .optional(),
})

/** A raise says nothing: what it starts, the server's configuration says. */
export const raiseBody = z.strictObject({})

export async function raiseTrigger(services: Services, request: RouteRequest): Promise<Answer> {
  const { trigger = '' } = request.params
  const { holder } = request
  const definition = services.definitions.get(trigger)
  if (definition === undefined) throw missing(request.params)
  if (holder === undefined || !definition.sources.includes('token')) throw notByToken(trigger)
  const key = readKey(request.headers)
  const raised = await services.triggers.raise(trigger, {
    by: holder.id,
    source: 'token',
    digest: sha256(request.rawBody),
    audit: { who: `token ${holder.id}`, from: request.from },
    // Two callers that happen upon one key do not share a raise.
    ...(key === undefined ? {} : { key: `token:${holder.id}:${key}` }),
  })
  return raisedAnswer(services, raised)
}

/** Takes up what was raised, behind the answer: that it was raised is durable, and a later look finds it. */
export function raisedAnswer(
  { triggers: { epoch }, starts }: Services,
  raised: { readonly name: string; readonly sequence: number; readonly isRepeat: boolean },
): Answer {
  const { name, sequence, isRepeat } = raised
  const event = eventId(epoch, name, sequence)
  if (!isRepeat) starts.takeUp(name)
  // What it starts, unless a later raise comes before that has begun.
  const started = starts.idOf(name, sequence) ?? null
  const answer = { trigger: name, epoch, sequence, event, isRepeat, starts: started }
  return ok(answer, isRepeat ? 200 : 201)
}

/** Unique over restores: a sequence alone may come again in another epoch. */
function eventId(epoch: string, name: string, sequence: number): string {
  return `${epoch}:${name}:${sequence}`
}

function notByToken(trigger: string): AppError {
  return new AppError('forbidden', `trigger "${trigger}" is not raised by tokens`, {
    hint: 'add `token` to its sources in sluice-server.yaml',
  })
}

export async function readTrigger(
  { triggers, definitions }: Services,
  request: RouteRequest<unknown, z.infer<typeof readTriggerQuery>>,
): Promise<Answer | LateAnswer> {
  const { trigger = '' } = request.params
  if (!definitions.has(trigger)) throw missing(request.params)
  const { after, wait, epoch } = request.query
  // Numbers of another epoch cannot be compared: whoever holds one asks for the state as it is now.
  const isSameLife = epoch === undefined || epoch === triggers.epoch
  if (after === undefined || wait === 0 || !isSameLife)
    return sequenceAnswer(triggers, trigger, await triggers.read(trigger))
  const { signal } = request
  return { late: lateAnswer(triggers, { trigger, after, timeout: wait * 1000, signal }) }
}

interface Wait extends WaitOptions {
  readonly trigger: string
  readonly after: number
}

async function lateAnswer(triggers: Triggers, wait: Wait): Promise<Answer> {
  const { trigger, after } = wait
  return sequenceAnswer(triggers, trigger, await triggers.waitBeyond(trigger, after, wait))
}

function sequenceAnswer({ epoch }: Triggers, trigger: string, sequence: number): Answer {
  const event = sequence === 0 ? null : eventId(epoch, trigger, sequence)
  return ok({ trigger, epoch, sequence, event })
}

export async function listTriggers({ triggers, definitions }: Services): Promise<Answer> {
  const listed = [...definitions].map(async ([trigger, { sources }]) => ({
    trigger,
    sequence: await triggers.read(trigger),
    sources: sources.map((source) => (typeof source === 'string' ? source : source.kind)),
  }))
  return ok({ epoch: triggers.epoch, triggers: await Promise.all(listed) })
}

export async function readEvent(services: Services, request: RouteRequest): Promise<Answer> {
  const { trigger = '', sequence = '' } = request.params
  const wanted = Number(sequence)
  const range = { after: wanted - 1, limit: 1 }
  const [event] = services.definitions.has(trigger)
    ? await services.storage.triggers.events(trigger, range)
    : []
  if (event === undefined || event.sequence !== wanted) throw missing(request.params)
  const object = { trigger, raisedBy: event.by }
  const isSeen =
    request.holder !== undefined &&
    mayDo(request.holder, { needs: 'follow-raise' }, object) === 'allowed'
  if (!isSeen) throw missing(request.params)
  return ok(eventView(services, event))
}

function eventView({ triggers: { epoch } }: Services, event: TriggerEvent) {
  const { trigger, sequence, at, by, source, outcome, supersededBy } = event
  const id = eventId(epoch, trigger, sequence)
  return { trigger, epoch, sequence, event: id, at, by, source, outcome, supersededBy }
}
