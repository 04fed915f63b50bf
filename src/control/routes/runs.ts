import { z } from '../../config/index.ts'
import { mayDo } from '../access/rights.ts'
import type { Answer } from '../server/error-response.ts'
import type { StoredScriptRun } from '../storage/script-run-records.ts'
import { errorView, timeOf } from './deployment-views.ts'
import { missing } from './missing.ts'
import { ok, type RouteRequest, type Services } from './route.ts'
import { wholeNumber } from './whole-number.ts'

// Runs of scripts that raises started.

export async function readRuns(services: Services, request: RouteRequest): Promise<Answer> {
  const runs = await find(services, request)
  const [{ trigger, sequence, script, by }] = runs
  const seesOutput = maySee(services, request, trigger)
  const views = runs.map((run) => ({
    agent: run.agent,
    name: run.name,
    state: run.state,
    error: run.error === null ? null : errorView(run.error, { seesOutput }),
    events: run.events,
    created: timeOf(run.createdAt),
    changed: timeOf(run.changedAt),
  }))
  return ok({ id: request.params['run'], trigger, sequence, script, by, runs: views })
}

export const runEventsQuery = z.strictObject({
  after: wholeNumber(Number.MAX_SAFE_INTEGER).default(0),
})

const pageSize = 500

export async function readRunEvents(
  services: Services,
  request: RouteRequest<unknown, z.infer<typeof runEventsQuery>>,
): Promise<Answer> {
  const runs = await find(services, request)
  const { agent } = request.params
  const run = runs.find(({ agent: id, name }) => id === agent || name === agent)
  if (run === undefined || !maySee(services, request, run.trigger)) throw missing(request.params)
  const { after } = request.query
  const events = await services.storage.scriptRuns.events(run.id, { after, limit: pageSize })
  const views = events.map(({ at, ...event }) => ({ ...event, at: timeOf(at) }))
  return ok({ run: run.id, state: run.state, events: views, last: events.at(-1)?.number ?? after })
}

async function find(
  { storage }: Services,
  { params }: Pick<RouteRequest, 'params'>,
): Promise<readonly [StoredScriptRun, ...StoredScriptRun[]]> {
  const [first, ...others] = await storage.scriptRuns.ofStart(params['run'] ?? '')
  if (first === undefined) throw missing(params)
  return [first, ...others]
}

/** A script belongs to the app and environment of the hosts that its trigger picks. */
function maySee(
  { definitions }: Services,
  { holder }: Pick<RouteRequest, 'holder'>,
  trigger: string,
) {
  const starts = definitions.get(trigger)?.starts
  const to = starts !== undefined && 'script' in starts ? starts.to : {}
  const object = { app: to['app'] ?? '', environment: to['env'] ?? '' }
  return holder !== undefined && mayDo(holder, { needs: 'read-output' }, object) === 'allowed'
}
