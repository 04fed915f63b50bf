import { z } from '../../config/index.ts'
import { AppError, toAppError } from '../../errors/index.ts'
import type { ChannelBinding, ChannelProof } from '../../trust/index.ts'
import { mayDo, type Holder } from '../access/rights.ts'
import { formatScope } from '../access/scopes.ts'
import { unauthenticated } from '../access/tokens.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { missing } from '../routes/missing.ts'
import type { Route, RouteRequest, Services } from '../routes/route.ts'
import { errorAnswer, reportedAnswer, type Answer, type LateAnswer } from './error-response.ts'
import type { Router } from './find-route.ts'
import { handleHeld, type HoldingOptions } from './hold-answer.ts'
import { assertRate, type RateLimits } from './rate-limits.ts'
import { watchEvents } from './watch-events.ts'
import { readHead, type RawHead, type RequestHead } from './request-head.ts'

/** A request as it comes off the wire. */
export interface WireRequest {
  readonly head: RawHead
  /** Of the caller; behind declared proxies the one that they tell. */
  readonly from: string
  /** Aborted when the connection is gone; made when it is asked for. */
  readonly signal: AbortSignal
  /** Reads the body. @throws AppError `request-too-large` beyond `cap` bytes. */
  readBody(cap: number): Promise<Buffer>
  /** The same body, piece by piece. */
  streamBody(cap: number): AsyncIterable<Buffer>
  /** @throws AppError `channel-unbound`. */
  prove(nonce: Buffer): ChannelProof
  binding(): ChannelBinding
}

export interface Answered {
  /** Also a late one is always given. */
  readonly answer: Answer | LateAnswer
  /** For the log and the counts; `none` when no route fits. */
  readonly route: string
  readonly holder: Holder | undefined
}

export interface AnsweringOptions extends HoldingOptions {
  readonly router: Router
  readonly limits: RateLimits
  readonly audit: AuditLog
}

/** Answers requests; the answer to each is always one, whatever is thrown. */
export function createAnswering(options: AnsweringOptions) {
  return async (wire: WireRequest): Promise<Answered> => {
    let route = 'none'
    let holder: Holder | undefined
    try {
      const head = readHead(wire.head)
      const found = options.router(head.method, head.path)
      if (found.kind !== 'found') return { answer: notRouted(found), route, holder }
      route = found.route.name
      const body = await readEarly(found.route, wire)
      limitStrangers(options.limits, found.route, { ...found, from: wire.from })
      holder = await identify(options, found.route, { head, from: wire.from })
      const call: Call = { ...found, head, wire, body, holder }
      return { answer: await answerCall(options, call), route, holder }
    } catch (thrown) {
      return { answer: reportedAnswer(thrown, options.onBug), route, holder }
    }
  }
}

/** What is small is read before anything is done for its sender; what streams, when the sender is known. */
async function readEarly({ streams, bodyCap }: Route, wire: WireRequest): Promise<Buffer> {
  return streams === undefined ? await wire.readBody(bodyCap) : Buffer.alloc(0)
}

interface Call {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
  readonly head: RequestHead
  readonly wire: WireRequest
  readonly body: Buffer
  readonly holder: Holder | undefined
}

function limitStrangers(
  limits: RateLimits,
  { rate, needs }: Route,
  { params, from }: { readonly params: Readonly<Record<string, string>>; readonly from: string },
): void {
  // By name and address, so that a stranger cannot use up what the true source needs.
  if (needs === undefined) assertRate(limits.take(rate, `${params['trigger'] ?? ''} ${from}`))
}

/** Whose token it is; undefined on routes without one. */
async function identify(
  { limits, services }: AnsweringOptions,
  { needs, rate }: Route,
  { head, from }: { readonly head: RequestHead; readonly from: string },
): Promise<Holder | undefined> {
  if (needs === undefined) return undefined
  assertRate(limits.look('failed-authentication', from))
  try {
    const holder = await authenticate(services, bearerOf(head))
    assertRate(limits.take(rate, holder.id))
    return holder
  } catch (thrown) {
    const { code } = toAppError(thrown)
    const isFailure = code === 'unauthenticated' || code === 'token-invalid'
    if (isFailure) limits.take('failed-authentication', from)
    throw thrown
  }
}

/** A token or the session of an agent; rights are read anew. */
async function authenticate({ tokens, agents }: Services, bearer: string): Promise<Holder> {
  return await (bearer.startsWith('sls_') ? agents : tokens).authenticate(bearer)
}

function bearerOf({ headers }: RequestHead): string {
  const [, token] = /^Bearer ([A-Za-z0-9_]{1,200})$/i.exec(headers.get('authorization') ?? '') ?? []
  if (token === undefined) throw unauthenticated()
  return token
}

async function answerCall(options: AnsweringOptions, call: Call): Promise<Answer | LateAnswer> {
  const { services, audit } = options
  const { route, holder, params, wire } = call
  const record: RouteRequest['audit'] = (entry) => audit.record({ ...entry, from: wire.from })
  try {
    assertAllowed(call)
    const request = requestOf(call, record)
    if (route.holds === true && holder !== undefined) {
      const again = authenticateAgain(services, bearerOf(call.head))
      return await handleHeld(options, { route, request, again, holder })
    }
    const answer = await route.handle(services, request)
    return 'late' in answer ? answer : guardEvents(options, call, answer)
  } catch (thrown) {
    const { code } = toAppError(thrown)
    // Only of known tokens: strangers cannot fill the log.
    if (route.audited === true && holder !== undefined && refusals.has(code)) {
      const object =
        ['trigger', 'token', 'agent', 'digest', 'deployment']
          .map((name) => params[name])
          .find((value) => value !== undefined) ?? ''
      await record({ who: whoIs(holder), what: route.name, object, outcome: code })
    }
    throw thrown
  }
}

function whoIs({ id, agent }: Holder): string {
  return agent === undefined ? `token ${id}` : `agent ${id}`
}

/** Holds on to nothing else of the request: it may be called long after. */
function authenticateAgain(services: Services, bearer: string): () => Promise<Holder> {
  return () => authenticate(services, bearer)
}

/** A stream of events counts as a held answer, and ends with the token that it was asked for with. */
function guardEvents({ held, services }: AnsweringOptions, call: Call, answer: Answer): Answer {
  const { holder, head } = call
  if (answer.events === undefined || holder === undefined) return answer
  const onEnd = held.begin(holder.id)
  const again = authenticateAgain(services, bearerOf(head))
  const { clock } = services
  return { ...answer, events: watchEvents(answer.events, { clock, authenticate: again, onEnd }) }
}

const refusals = new Set(['forbidden', 'not-found'])

function assertAllowed({ route, holder, params, head }: Call): void {
  const { needs } = route
  if (needs === undefined) return
  // Whose raise it is, is known only when the handler has read it.
  if (holder === undefined) throw unauthenticated()
  const object = { ...params, ...route.about?.(readQuery(route, head)) }
  const verdict = mayDo(holder, { needs }, object)
  if (verdict === 'unseen') throw missing(params)
  if (verdict === 'denied')
    throw new AppError('forbidden', `scope ${formatScope(holder.scope)} may not ${needs}`)
}

function requestOf(
  { route, params, head, wire, body, holder }: Call,
  audit: RouteRequest['audit'],
): RouteRequest {
  return {
    params,
    query: readQuery(route, head),
    body: readJson(route, head, body),
    rawBody: body,
    stream: () => wire.streamBody(route.streams?.cap ?? 0),
    headers: head.headers,
    holder,
    from: wire.from,
    get signal() {
      return wire.signal
    },
    prove: (nonce) => wire.prove(nonce),
    binding: () => wire.binding(),
    audit,
  }
}

function readQuery({ query }: Route, head: RequestHead): unknown {
  return check(query ?? z.strictObject({}), { ...head.query }, 'query')
}

/** A body is JSON said to be JSON: what a page elsewhere can send without asking is refused. */
function readJson({ body: schema }: Route, { headers }: RequestHead, body: Buffer): unknown {
  if (schema === undefined) return undefined
  const type = headers.get('content-type') ?? ''
  const isJson = /^application\/json *(; *charset="?utf-8"?)?$/i.test(type)
  if (!isJson && (body.length > 0 || type !== ''))
    throw new AppError('media-type', 'the body must be sent as application/json')
  return check(schema, body.length === 0 ? {} : parse(body), 'body')
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown
  } catch {
    throw new AppError('request-invalid', 'the body is not one JSON value in UTF-8')
  }
}

function check<Value>(schema: z.ZodType<Value>, value: unknown, what: string): Value {
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const [issue] = read.error.issues
  const at = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`
  throw new AppError('request-invalid', `the ${what}${at}: ${issue?.message ?? 'is not valid'}`)
}

function notRouted(found: { readonly kind: string; readonly allowed?: readonly string[] }): Answer {
  const { allowed } = found
  if (allowed === undefined)
    return errorAnswer(
      new AppError('not-found', 'there is nothing at this path', { hint: 'see /openapi.json' }),
    )
  const error = { code: 'request-invalid', message: `this path takes ${allowed.join(', ')}` }
  return { status: 405, body: { error }, headers: { allow: allowed.join(', ') } }
}
