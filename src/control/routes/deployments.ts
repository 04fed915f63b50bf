import { appName, z } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import { isFinished } from '../../protocol/index.ts'
import { mayDo, type Right } from '../access/rights.ts'
import { deploymentSource } from '../events/deployment-source.ts'
import { openEventStream } from '../events/event-stream.ts'
import type { Answer } from '../server/error-response.ts'
import { selectorSchema, wantedRelease } from '../settings/settings-schema.ts'
import type { StoredDeployment } from '../storage/deployment-records.ts'
import { deploymentView, eventView, hostView, summaryOf } from './deployment-views.ts'
import { missing } from './missing.ts'
import { ok, readKey, type RouteRequest, type Services } from './route.ts'
import { wholeNumber } from './whole-number.ts'

const reason = z
  .string()
  .max(500)
  .regex(/^\P{Cc}*$/u, 'holds a control character')

export const deploymentBody = z.strictObject({
  app: appName,
  release: wantedRelease.default('latest'),
  /** Labels that a host must have. */
  to: selectorSchema,
  endpoints: z.array(z.string().max(64)).min(1).max(64).optional(),
  reason: reason.optional(),
})

export async function requestDeployment(
  services: Services,
  request: RouteRequest<z.infer<typeof deploymentBody>>,
): Promise<Answer> {
  const { body, holder, headers } = request
  const { app, to } = body
  const object = { app, environment: to['env'] ?? '' }
  if (holder === undefined || mayDo(holder, { needs: 'request-deployment' }, object) !== 'allowed')
    throw notYours(app)
  if (holder.scope.kind === 'admin' && (body.reason ?? '') === '') throw silently()
  const { deployment, isRepeat } = await services.deployments.request({
    ...body,
    by: holder.id,
    key: readKey(headers),
  })
  if (!isRepeat) await record(request, 'request-deployment', deployment)
  return ok({ ...deploymentView(deployment), isRepeat }, isRepeat ? 200 : 201)
}

function notYours(app: string): AppError {
  return new AppError('not-found', `there is no app "${app}" where this token may deploy`, {
    hint: 'a deployer names its environment: --to app=NAME,env=ENVIRONMENT',
  })
}

function silently(): AppError {
  return new AppError('request-invalid', 'an admin does not deploy silently: reason is missing', {
    hint: 'give --reason TEXT, or use the token of a deployer',
  })
}

const before = z
  .string()
  .regex(/^\d{1,15}\.[A-Za-z0-9-]{1,64}$/, 'is not what an answer gave as `next`')
  .transform((text) => {
    const dot = text.indexOf('.')
    return { createdAt: Number(text.slice(0, dot)), id: text.slice(dot + 1) }
  })

export const listDeploymentsQuery = z.strictObject({
  app: appName.optional(),
  before: before.optional(),
})

const pageSize = 100

export async function listDeployments(
  { storage }: Services,
  { query }: RouteRequest<unknown, z.infer<typeof listDeploymentsQuery>>,
): Promise<Answer> {
  const listed = await storage.deployments.list({ ...query, limit: pageSize })
  const last = listed.length < pageSize ? undefined : listed.at(-1)
  const next = last === undefined ? null : `${last.createdAt}.${last.id}`
  return ok({ deployments: listed.map(summaryOf), next })
}

export async function readDeployment(services: Services, request: RouteRequest): Promise<Answer> {
  const deployment = await find(services, request)
  const hosts = await services.storage.deployments.hosts(deployment.id)
  const seesOutput = may(request, 'read-output', deployment)
  const views = hosts.map((host) => hostView(host, { seesOutput }))
  return ok({ ...deploymentView(deployment), hosts: views })
}

/** Longer waits would be cut by what lies between. */
const longestWait = 25

export const deploymentEventsQuery = z.strictObject({
  after: wholeNumber(Number.MAX_SAFE_INTEGER).default(0),
  wait: wholeNumber(longestWait).default(0),
})

/** What happened after a number, or as soon as something does. Whoever may not see output gets all else. */
export async function readDeploymentEvents(
  services: Services,
  request: RouteRequest<unknown, z.infer<typeof deploymentEventsQuery>>,
): Promise<Answer> {
  const { id, state } = await find(services, request)
  const { after, wait } = request.query
  // After its end nothing more happens to it, but for hosts that are owed.
  const options = { timeout: isFinished(state) ? 0 : wait * 1000, signal: request.signal }
  const events = await services.deployments.eventsAfter(id, after, options)
  const deployment = await find(services, request)
  const names = new Map(
    (await services.storage.deployments.hosts(id)).map(({ agent, name }) => [agent, name]),
  )
  const seesOutput = may(request, 'read-output', deployment)
  const views = events.map((event) => eventView(event, { names, seesOutput }))
  const last = events.at(-1)?.number ?? after
  return ok({ deployment: id, state: deployment.state, events: views, last })
}

/** The same as server-sent events: from its beginning, or after the event that the reader saw last. */
export async function streamDeployment(services: Services, request: RouteRequest): Promise<Answer> {
  const { storage, deployments, clock } = services
  const deployment = await find(services, request)
  const { id } = deployment
  const hosts = await storage.deployments.hosts(id)
  const names = new Map(hosts.map(({ agent, name }) => [agent, name]))
  const seeing = { names, seesOutput: may(request, 'read-output', deployment) }
  const events = await openEventStream({
    epoch: storage.epoch,
    sources: [deploymentSource(id, deployments, (event) => eventView(event, seeing))],
    lastId: request.headers.get('last-event-id'),
    clock,
    signal: request.signal,
    isOpen: () => services.isOpen(),
  })
  return { status: 200, body: undefined, events }
}

export const cancelBody = z.strictObject({ reason: reason.default('') })

export async function cancelDeployment(
  services: Services,
  request: RouteRequest<z.infer<typeof cancelBody>>,
): Promise<Answer> {
  const deployment = await find(services, request)
  if (!may(request, 'cancel-deployment', deployment)) throw missing(request.params)
  const by = `token ${request.holder?.id ?? ''}`
  const why = request.body.reason === '' ? 'no reason given' : request.body.reason
  const cancelled = await services.deployments.cancel(deployment.id, { by, reason: why })
  await record(request, 'cancel-deployment', cancelled)
  return ok(deploymentView(cancelled))
}

async function find({ storage }: Services, { params }: RouteRequest): Promise<StoredDeployment> {
  const deployment = await storage.deployments.find(params['deployment'] ?? '')
  if (deployment === undefined) throw missing(params)
  return deployment
}

function may({ holder }: RouteRequest, needs: Right, deployment: StoredDeployment): boolean {
  const { app, selector, requestedBy } = deployment
  const object = { app, environment: selector['env'] ?? '' }
  const own = needs === 'cancel-deployment' ? { ...object, requestedBy } : object
  return holder !== undefined && mayDo(holder, { needs }, own) === 'allowed'
}

async function record(
  request: Pick<RouteRequest, 'audit' | 'holder'>,
  what: string,
  { id, app, version, reason: why }: StoredDeployment,
): Promise<void> {
  const object = `${id} ${app} ${version}${why === null ? '' : `: ${why}`}`
  await request.audit({ who: `token ${request.holder?.id ?? ''}`, what, object, outcome: 'ok' })
}
