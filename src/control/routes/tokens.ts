import { duration, z } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import { formatScope, parseScope } from '../access/scopes.ts'
import { longestLife, type TokenSummary } from '../access/tokens.ts'
import type { Answer } from '../server/error-response.ts'
import { ok, type RouteRequest, type Services } from './route.ts'

export const createTokenBody = z.strictObject({
  scope: z.string().min(1).max(4096),
  note: z
    .string()
    .max(200)
    .regex(/^\P{Cc}*$/u, 'holds a control character')
    .default(''),
  life: duration({ min: 1000, max: longestLife }).or(
    z
      .string()
      .regex(/^\d{1,3}d$/, 'is not a duration such as 12h or 90d')
      .transform((text) => Number(text.slice(0, -1)) * day),
  ),
})

const day = 24 * 60 * 60_000

export async function createToken(
  { tokens }: Services,
  request: RouteRequest<z.infer<typeof createTokenBody>>,
): Promise<Answer> {
  const { note, life } = request.body
  const scope = parseScope(request.body.scope)
  if (scope.kind === 'agent')
    throw new AppError('request-invalid', 'agents have a key of their own and no token', {
      hint: 'make a join token for them: `sluice join-token`',
    })
  const by = request.holder?.id ?? ''
  const { text, token } = await tokens.create({ scope, note, life, by })
  await request.audit({
    who: `token ${by}`,
    what: 'create-token',
    object: `${token.id} ${token.scope}`,
    outcome: 'ok',
  })
  // The one answer that holds a token: it is shown once and kept nowhere.
  return ok({ ...view(token), text: text.reveal() }, 201)
}

export const listTokensQuery = z.strictObject({
  after: z
    .string()
    .regex(/^[0-9A-Za-z]{0,11}$/, 'is not the id of a token')
    .default(''),
})

const pageSize = 200

export async function listTokens(
  { tokens }: Services,
  { query }: RouteRequest<unknown, z.infer<typeof listTokensQuery>>,
): Promise<Answer> {
  const listed = await tokens.list({ after: query.after, limit: pageSize })
  const next = listed.length < pageSize ? null : listed.at(-1)?.id
  return ok({ tokens: listed.map(view), next })
}

export async function revokeToken({ tokens }: Services, request: RouteRequest): Promise<Answer> {
  const { token = '' } = request.params
  await tokens.revoke(token)
  const who = `token ${request.holder?.id ?? ''}`
  await request.audit({ who, what: 'revoke-token', object: token, outcome: 'ok' })
  return ok({ id: token, revoked: true })
}

/** What the caller is, so that a person can see which token they hold. */
export async function showSelf(_services: Services, { holder }: RouteRequest): Promise<Answer> {
  const self = holder === undefined ? {} : { id: holder.id, scope: formatScope(holder.scope) }
  return await Promise.resolve(ok(self))
}

function view(token: TokenSummary) {
  const { createdAt, expiresAt, usedAt, revokedAt, ...rest } = token
  return {
    ...rest,
    created: timeOf(createdAt),
    expires: timeOf(expiresAt),
    used: timeOf(usedAt),
    revoked: timeOf(revokedAt),
  }
}

/** As people and programs read times; null where there is none. */
export function timeOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
