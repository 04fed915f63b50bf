import { AppError } from '../../errors/index.ts'
import {
  afterHeader,
  countText,
  epochHeader,
  holdHeader,
  longestHold,
} from '../prostagma/held-poll.ts'
import type { Ask } from '../prostagma/parse-ask.ts'
import type { Answer } from '../server/error-response.ts'
import { sha256 } from '../triggers/sources/delivery.ts'
import { missing } from './missing.ts'
import { route, type Route, type RouteRequest, type Services } from './route.ts'

// The routes of Prostagma's clients under the strict rules: a secret that cannot be guessed, only triggers that are
// defined and name `prostagma` as a source, only the relay's origins. The drop-in `prostagma server` has the lenient ones.

const bodyCap = 64 * 1024
const common = { bodyCap, rate: 'poll' } as const

export const prostagmaRoutes: readonly Route[] = [
  route({
    ...common,
    name: 'prostagma-raise',
    method: 'POST',
    path: '/trigger',
    summary: "raise a trigger as Prostagma's clients do; the body holds the secret",
    handle: raise,
  }),
  route({
    ...common,
    name: 'prostagma-poll',
    method: 'GET',
    path: '/trigger',
    summary:
      "read the count of a trigger as Prostagma's clients do, held where the client offers that",
    handle: poll,
  }),
  route({
    ...common,
    name: 'prostagma-fetch',
    method: 'POST',
    path: '/cache',
    summary: "fetch a file from one of the relay's origins, for Prostagma's clients",
    handle: fetchFile,
  }),
  route({
    ...common,
    name: 'prostagma-read',
    method: 'GET',
    path: '/cache',
    summary: "read a file that was fetched, for Prostagma's clients",
    handle: readFile,
  }),
]

async function raise(services: Services, request: RouteRequest): Promise<Answer> {
  const { trigger } = accept(services, request)
  assertServed(services, trigger)
  await services.triggers.raise(trigger, {
    by: 'prostagma',
    source: 'prostagma',
    digest: sha256(request.rawBody),
    audit: { who: 'prostagma client', from: request.from },
  })
  services.starts.takeUp(trigger)
  return plain('', { [epochHeader]: services.triggers.epoch })
}

async function poll(services: Services, request: RouteRequest): Promise<Answer> {
  const { trigger } = accept(services, request)
  assertServed(services, trigger)
  const { triggers } = services
  const { headers, signal } = request
  const seconds = Math.min(readNumber(headers, holdHeader), longestHold)
  const isHeld = seconds > 0 && headers.get(epochHeader) === triggers.epoch
  const after = readNumber(headers, afterHeader)
  const count = isHeld
    ? await triggers.waitBeyond(trigger, after, { timeout: seconds * 1000, signal })
    : await triggers.read(trigger)
  return plain(countText(trigger, count), {
    [epochHeader]: triggers.epoch,
    [holdHeader]: String(longestHold),
  })
}

async function fetchFile(services: Services, request: RouteRequest): Promise<Answer> {
  const { url } = accept(services, request)
  await relayOf(services).fetch(url)
  return plain('')
}

async function readFile(services: Services, request: RouteRequest): Promise<Answer> {
  const { url } = accept(services, request)
  const relay = relayOf(services)
  relay.assertAllowed(url)
  const file = relay.cached(url)
  if (file === undefined) throw new AppError('not-found', 'this file was not fetched yet')
  return await Promise.resolve({ status: 200, body: undefined, file })
}

function accept({ prostagma }: Services, { rawBody }: RouteRequest): Ask {
  if (prostagma === undefined)
    throw new AppError('not-found', "Prostagma's clients are not served here", {
      hint: 'name a secret file in `prostagma` of sluice-server.yaml',
    })
  return prostagma.accept(rawBody)
}

/** Not created on read: a name that nobody defined is a name that nobody raises. */
function assertServed({ definitions }: Services, trigger: string): void {
  if (definitions.get(trigger)?.sources.includes('prostagma') !== true) throw missing({ trigger })
}

function relayOf({ relay }: Services) {
  if (relay !== undefined) return relay
  throw new AppError('not-found', 'this server fetches nothing for others', {
    hint: 'name the origins in `relay` of sluice-server.yaml',
  })
}

function readNumber(headers: ReadonlyMap<string, string>, name: string): number {
  const text = headers.get(name) ?? ''
  return /^\d{1,15}$/.test(text) ? Number(text) : 0
}

function plain(body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, body, contentType: 'text/plain; charset=utf-8', headers }
}
