import { z } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import { mayDo } from '../access/rights.ts'
import type { Answer } from '../server/error-response.ts'
import { noAgent } from './agents.ts'
import { fleetView, timeOf } from './deployment-views.ts'
import { ok, type RouteRequest, type Services } from './route.ts'

// How hosts stand, and what a person does about it.

export const fleetQuery = z.strictObject({
  /** The last name of the page before. */
  after: z.string().max(64).default(''),
})

const pageSize = 200

export async function readFleet(
  { storage }: Services,
  { query }: RouteRequest<unknown, z.infer<typeof fleetQuery>>,
): Promise<Answer> {
  const hosts = await storage.desires.fleet({ after: query.after, limit: pageSize })
  const next = hosts.length < pageSize ? null : hosts.at(-1)?.name
  return ok({ hosts: hosts.map(fleetView), next })
}

export async function releaseHold(services: Services, request: RouteRequest): Promise<Answer> {
  const { agent: name = '', app = '' } = request.params
  const agent = await services.storage.agents.find(name)
  const object = { app, environment: agent?.labels['env'] ?? '' }
  const { holder } = request
  const isSeen =
    holder !== undefined && mayDo(holder, { needs: 'release-hold' }, object) === 'allowed'
  if (agent === undefined || !isSeen) throw noAgent(name)
  const at = services.clock.now()
  if (!(await services.storage.desires.releaseHold(agent.id, app, at)))
    throw new AppError('not-found', `nothing of ${app} is desired of ${agent.name}`)
  await record(request, 'release-hold', `${agent.id} ${app}`)
  return ok({ agent: agent.id, name: agent.name, app, released: timeOf(at) })
}

const mostListed = 1000

export async function listRejected({ storage }: Services): Promise<Answer> {
  const listed = await storage.rejected.list(mostListed)
  return ok({ rejected: listed.map(({ at, ...release }) => ({ ...release, at: timeOf(at) })) })
}

const reason = z
  .string()
  .min(1, 'is missing')
  .max(500)
  .regex(/^\P{Cc}*$/u, 'holds a control character')

export const rejectBody = z.strictObject({ reason })

/** Rejects a release for every host, as if one of them had. */
export async function rejectRelease(
  { storage, clock }: Services,
  request: RouteRequest<z.infer<typeof rejectBody>>,
): Promise<Answer> {
  const { app = '', digest = '' } = request.params
  const release = await storage.releases.get(digest)
  if (release === undefined || release.name !== app) throw notRejected(request)
  const by = `token ${request.holder?.id ?? ''}`
  const { version } = release
  const rejected = { app, digest, version, reason: request.body.reason, by, at: clock.now() }
  const isNew = await storage.rejected.reject(rejected)
  await record(request, 'reject-release', `${app} ${version} ${digest}: ${rejected.reason}`)
  return ok({ app, digest, version, isNew }, isNew ? 201 : 200)
}

export const liftBody = z.strictObject({ reason })

export async function liftRelease(
  { storage }: Services,
  request: RouteRequest<z.infer<typeof liftBody>>,
): Promise<Answer> {
  const { app = '', digest = '' } = request.params
  if (!(await storage.rejected.lift(app, digest))) throw notRejected(request)
  await record(request, 'lift-release', `${app} ${digest}: ${request.body.reason}`)
  return ok({ app, digest, lifted: true })
}

function notRejected({ params }: Pick<RouteRequest, 'params'>): AppError {
  const { app = '', digest = '' } = params
  const message = `there is no such release of ${app}: sha256:${digest}`
  return new AppError('not-found', message, { hint: 'see `sluice rejected`' })
}

async function record(request: RouteRequest, what: string, object: string): Promise<void> {
  await request.audit({ who: `token ${request.holder?.id ?? ''}`, what, object, outcome: 'ok' })
}
