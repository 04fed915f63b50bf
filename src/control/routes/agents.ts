import type { z } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import type { enrolSchema, loginSchema, pollSchema, reportsSchema } from '../../protocol/index.ts'
import { quarantined } from '../agents/joining.ts'
import { sessionEnded } from '../agents/sessions.ts'
import type { Answer } from '../server/error-response.ts'
import { ok, type RouteRequest, type Services } from './route.ts'

// What agents themselves ask for.

export async function makeNonce({ agents }: Services): Promise<Answer> {
  return await Promise.resolve(ok({ nonce: agents.nonce().toString('base64url') }))
}

export async function enrolAgent(
  { agents }: Services,
  request: RouteRequest<z.infer<typeof enrolSchema>>,
): Promise<Answer> {
  const { agent, isRepeat } = await agents.enrol(request.body, request.binding())
  const { id, name, labels } = agent
  if (!isRepeat) {
    const who = `join token ${request.body.token.split('_')[1] ?? ''}`
    await request.audit({ who, what: 'enrol-agent', object: `${id} ${name}`, outcome: 'ok' })
  }
  return ok({ agent: id, name, labels }, isRepeat ? 200 : 201)
}

export async function loginAgent(
  { agents }: Services,
  request: RouteRequest<z.infer<typeof loginSchema>>,
): Promise<Answer> {
  const result = await agents.login(request.body, request.binding())
  if (result.kind === 'in') return ok(result.answer)
  const { agent } = request.body
  await request.audit({
    who: `agent ${agent}`,
    what: 'quarantine-agent',
    object: `${agent} ${result.reason}`,
    outcome: 'ok',
  })
  throw quarantined(agent)
}

/** Held until what the host has is not the newest any more; then all of what is wanted of it. */
export async function pollDesired(
  { agents, desk, storage, clock }: Services,
  request: RouteRequest<z.infer<typeof pollSchema>>,
): Promise<Answer> {
  const agent = agentOf(request)
  const { epoch, revision, wait } = request.body
  // Numbers of another epoch cannot be compared: whoever holds one gets the state as it is now.
  const isSameLife = epoch === storage.epoch
  if (isSameLife && wait > 0)
    await agents.waitBeyond(agent, revision, { timeout: wait * 1000, signal: request.signal })
  const isNews = !isSameLife || (await agents.revision(agent)) !== revision
  return ok(
    isNews ? { at: clock.now(), desired: await desk.desiredOf(agent) } : { at: clock.now() },
  )
}

export async function takeReports(
  { desk }: Services,
  request: RouteRequest<z.infer<typeof reportsSchema>>,
): Promise<Answer> {
  return ok({ upTo: await desk.takeReports(agentOf(request), request.body.reports) })
}

/** Only sessions have an agent, and only they get here. */
function agentOf({ holder }: RouteRequest): string {
  if (holder?.agent === undefined) throw sessionEnded()
  return holder.agent
}

export function noAgent(agent: string): AppError {
  return new AppError('not-found', `there is no agent ${JSON.stringify(agent)}`, {
    hint: 'see `sluice agents`',
  })
}
