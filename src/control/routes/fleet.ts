import { duration, z } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import { agentLabelsSchema, agentNameText } from '../../protocol/index.ts'
import type { JoinTokenSummary } from '../agents/join-tokens.ts'
import type { StoredAgent } from '../storage/agent-records.ts'
import type { Answer } from '../server/error-response.ts'
import { noAgent } from './agents.ts'
import { ok, type RouteRequest, type Services } from './route.ts'
import { timeOf } from './tokens.ts'

// What people do with agents and join tokens.

const pageSize = 200

export const listAgentsQuery = z.strictObject({
  after: z
    .string()
    .regex(/^[A-Za-z0-9.-]{0,63}$/, 'is not the name of an agent')
    .default(''),
})

export async function listAgents(
  { storage, clock }: Services,
  { query }: RouteRequest<unknown, z.infer<typeof listAgentsQuery>>,
): Promise<Answer> {
  const listed = await storage.agents.list({ after: query.after, limit: pageSize })
  const next = listed.length < pageSize ? null : listed.at(-1)?.name
  return ok({ at: timeOf(clock.now()), agents: listed.map(agentView), next })
}

function agentView(agent: StoredAgent) {
  const { id, name, labels, state, revision, createdAt, seenAt, observed } = agent
  const { apps, version } = observedOf(observed)
  const times = { enrolled: timeOf(createdAt), seen: timeOf(seenAt) }
  return { id, name, labels, state, revision, ...times, version, apps }
}

interface ObservedBody {
  readonly version?: string
  readonly apps?: readonly {
    readonly app: string
    readonly current?: { readonly version: string }
  }[]
}

/** What was checked when it was reported. */
function observedOf(text: string | null) {
  const { apps = [], version = null } = text === null ? {} : (JSON.parse(text) as ObservedBody)
  return {
    version,
    apps: apps.map(({ app, current }) => ({ app, version: current?.version ?? null })),
  }
}

export async function removeAgent({ storage }: Services, request: RouteRequest): Promise<Answer> {
  const { id, name } = await findAgent(storage, request.params)
  if (!(await storage.agents.remove(id))) throw noAgent(name)
  await auditDeed(request, 'remove-agent', `${id} ${name}`)
  return ok({ agent: id, name, removed: true })
}

export const renameAgentBody = z.strictObject({ name: agentNameText })

export async function renameAgent(
  { storage }: Services,
  request: RouteRequest<z.infer<typeof renameAgentBody>>,
): Promise<Answer> {
  const { id, name: before } = await findAgent(storage, request.params)
  const { name } = request.body
  const holder = await storage.agents.rename(id, name)
  if (holder !== undefined)
    throw new AppError('agent-exists', `agent ${holder} has the name "${name}"`)
  await auditDeed(request, 'rename-agent', `${id} ${before} ${name}`)
  return ok({ agent: id, name })
}

async function findAgent(
  { agents }: Services['storage'],
  { agent = '' }: RouteRequest['params'],
): Promise<StoredAgent> {
  const found = await agents.find(agent)
  if (found === undefined) throw noAgent(agent)
  return found
}

const day = 24 * 60 * 60_000

export const createJoinTokenBody = z.strictObject({
  labels: agentLabelsSchema.default({}),
  uses: z.int().min(1).max(10_000).default(1),
  within: duration({ min: 1000, max: 7 * day }).prefault('15m'),
})

export async function createJoinToken(
  { joinTokens }: Services,
  request: RouteRequest<z.infer<typeof createJoinTokenBody>>,
): Promise<Answer> {
  const by = request.holder?.id ?? ''
  const { text, token } = await joinTokens.create({ ...request.body, by })
  await auditDeed(request, 'create-join-token', token.id)
  // The one answer that holds a join token: it is shown once and kept nowhere.
  return ok({ ...joinTokenView(token), text: text.reveal() }, 201)
}

export const listJoinTokensQuery = z.strictObject({
  after: z
    .string()
    .regex(/^[0-9A-Za-z]{0,11}$/, 'is not the id of a join token')
    .default(''),
})

export async function listJoinTokens(
  { joinTokens }: Services,
  { query }: RouteRequest<unknown, z.infer<typeof listJoinTokensQuery>>,
): Promise<Answer> {
  const listed = await joinTokens.list({ after: query.after, limit: pageSize })
  const next = listed.length < pageSize ? null : listed.at(-1)?.id
  return ok({ joinTokens: listed.map(joinTokenView), next })
}

export async function revokeJoinToken(
  { joinTokens }: Services,
  request: RouteRequest,
): Promise<Answer> {
  const { token = '' } = request.params
  await joinTokens.revoke(token)
  await auditDeed(request, 'revoke-join-token', token)
  return ok({ id: token, revoked: true })
}

function joinTokenView({ createdAt, expiresAt, revokedAt, ...rest }: JoinTokenSummary) {
  const times = { created: timeOf(createdAt), expires: timeOf(expiresAt) }
  return { ...rest, ...times, revoked: timeOf(revokedAt) }
}

async function auditDeed(request: RouteRequest, what: string, object: string): Promise<void> {
  const who = `token ${request.holder?.id ?? ''}`
  await request.audit({ who, what, object, outcome: 'ok' })
}
