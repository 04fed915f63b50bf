import type { z } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import type { enrolSchema, loginSchema, pollSchema, reportsSchema } from '../../protocol/index.ts'
import { epochOf } from '../agents/agent-epoch.ts'
import { quarantined } from '../agents/joining.ts'
import { sessionEnded } from '../agents/sessions.ts'
import type { Answer, LateAnswer } from '../server/error-response.ts'
import type { WaitOptions } from '../triggers/triggers.ts'
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
  services: Services,
  request: RouteRequest<z.infer<typeof pollSchema>>,
): Promise<Answer | LateAnswer> {
  const agent = agentOf(request)
  const { epoch, revision, wait } = request.body
  // Numbers of another epoch cannot be compared: whoever holds one gets the state as it is now.
  if (epoch !== epochOf(services.storage.epoch, agent)) return await desiredAnswer(services, agent)
  if (wait === 0) return await desiredAnswer(services, agent, revision)
  const { signal } = request
  return { late: lateDesired(services, { agent, revision, timeout: wait * 1000, signal }) }
}

interface DesireWait extends WaitOptions {
  readonly agent: string
  readonly revision: number
}

async function lateDesired(services: Services, wait: DesireWait): Promise<Answer> {
  const { agent, revision } = wait
  await services.agents.waitBeyond(agent, revision, wait)
  return await desiredAnswer(services, agent, revision)
}

/** Nothing but the time where the agent has that revision already. */
async function desiredAnswer(
  { agents, desk, clock }: Services,
  agent: string,
  known?: number,
): Promise<Answer> {
  if (known !== undefined && (await agents.revision(agent)) === known)
    return ok({ at: clock.now() })
  return ok({ at: clock.now(), desired: await desk.desiredOf(agent) })
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
