import { isName } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import type { ReportedError } from '../../events/index.ts'
import { isFinished, type DeploymentState } from '../../protocol/index.ts'
import { randomText, systemClock } from '../../system/index.ts'
import type { CliContext } from '../context.ts'
import { followEvents, type ShownEvent } from './follow-deployment.ts'
import { insistently } from './insistently.ts'
import { readPages } from './read-pages.ts'
import { openServerClient, type ServerClient } from './server-client.ts'
import type { ServerValues } from './server-options.ts'

export interface DeploymentSummary {
  readonly id: string
  readonly app: string
  readonly version: string
  readonly digest: string
  readonly to: Readonly<Record<string, string>>
  readonly state: DeploymentState
  readonly by: string
  readonly source: string
  readonly created: string
  readonly finished: string | null
  readonly error: ReportedError | null
}

export interface DeploymentHost {
  readonly name: string
  readonly generation: number
  /** Null when another deployment has taken its place there. */
  readonly phase: string | null
  readonly state: string
  readonly owed: boolean
  readonly local: string | null
  readonly error: ReportedError | null
  readonly changed: string
  readonly seen: string | null
}

export interface DeploymentView extends DeploymentSummary {
  readonly reason: string | null
  readonly hosts: readonly DeploymentHost[]
}

export interface FleetRequest {
  readonly release: string
  readonly to: string
  readonly endpoints?: readonly string[] | undefined
  readonly reason?: string | undefined
}

/** Asks for a deployment, waits for another one to end if told to, and follows it to its end. */
export async function deployOnServer(
  context: CliContext,
  values: ServerValues,
  request: FleetRequest,
): Promise<DeploymentView> {
  const body = bodyOf(request)
  const client = openServerClient(context, values)
  const { id } = await askFor(context, client, body)
  context.report(notice(`deployment ${id} of ${body.app} to ${request.to}`))
  await followEvents(context, { client, id, after: 0, show: (event) => tell(context, event) })
  return await readDeployment(context, client, id)
}

interface RequestBody {
  readonly app: string
  readonly release: string
  readonly to: Readonly<Record<string, string>>
}

/** `shop@1.4.2`, `shop` for the latest, or `sha256:…` of the app that `--to` names. */
function bodyOf({ release: text, to: labels, endpoints, reason }: FleetRequest) {
  const to = readSelector(labels)
  const at = text.indexOf('@')
  const isDigest = text.startsWith('sha256:')
  const app = isDigest ? (to['app'] ?? '') : at === -1 ? text : text.slice(0, at)
  const release = isDigest ? text : at === -1 ? 'latest' : text.slice(at + 1)
  if (!isName(app, 32))
    throw new AppError('usage', `${JSON.stringify(text)} does not name the release of an app`, {
      hint: 'give NAME@VERSION, NAME@latest or NAME@1.*; with sha256:… also --to app=NAME',
    })
  return {
    app,
    release,
    to,
    ...(endpoints === undefined || endpoints.length === 0 ? {} : { endpoints }),
    ...(reason === undefined ? {} : { reason }),
  }
}

/** `app=shop,env=prod`. @throws AppError `usage`. */
function readSelector(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(',').map((pair) => pair.split('='))
  if (pairs.every((pair) => pair.length === 2 && pair.every((word) => word !== '')))
    return Object.fromEntries(pairs) as Record<string, string>
  throw new AppError('usage', `${JSON.stringify(text)} is not of the form LABEL=VALUE,…`, {
    hint: 'for example --to app=shop,env=prod',
  })
}

/** By one key however often it has to be asked, so that there is one deployment. */
async function askFor(
  { globals, signal }: CliContext,
  client: ServerClient,
  body: RequestBody,
): Promise<DeploymentSummary> {
  const key = randomText(26)
  const { wait = 0 } = globals as { readonly wait?: number }
  const until = systemClock.monotonic() + wait
  for (;;) {
    try {
      return await insistently(signal, () =>
        client.ask<DeploymentSummary>({
          method: 'POST',
          path: '/v1/deployments',
          body,
          headers: { 'idempotency-key': key },
        }),
      )
    } catch (thrown) {
      const isBusy = thrown instanceof AppError && thrown.code === 'deployment-unfinished'
      if (!isBusy || systemClock.monotonic() >= until) throw thrown
      await systemClock.sleep(1000, signal)
    }
  }
}

async function readDeployment(
  { signal }: Pick<CliContext, 'signal'>,
  client: ServerClient,
  id: string,
): Promise<DeploymentView> {
  const path = `/v1/deployments/${id}`
  return await insistently(signal, () => client.ask<DeploymentView>({ method: 'GET', path }))
}

function notice(text: string) {
  return { type: 'notice', level: 'info', text } as const
}

/** A line for each host and step; what programs print is for `sluice logs`. */
function tell({ report }: CliContext, event: ShownEvent): void {
  if (event.line !== undefined && event.isOutput !== true) report(notice(event.line))
}

export async function showOnServer(
  context: CliContext,
  values: ServerValues,
  id: string,
): Promise<DeploymentView> {
  return await readDeployment(context, openServerClient(context, values), assertId(id))
}

/** All lines of a deployment, and new ones until it has ended when following. */
export async function logsOnServer(
  context: CliContext,
  values: ServerValues,
  { id, follow, show }: { id: string; follow: boolean; show: (event: ShownEvent) => void },
): Promise<void> {
  const client = openServerClient(context, values)
  await followEvents(context, { client, id: assertId(id), after: 0, show, once: !follow })
}

export async function cancelOnServer(
  context: CliContext,
  values: ServerValues,
  { id, reason }: { readonly id: string; readonly reason: string },
): Promise<DeploymentSummary> {
  const client = openServerClient(context, values)
  const path = `/v1/deployments/${assertId(id)}/cancel`
  return await client.ask({ method: 'POST', path, body: { reason } })
}

export async function listOnServer(
  context: CliContext,
  values: ServerValues,
  { app, limit }: { readonly app: string | undefined; readonly limit: number },
): Promise<DeploymentSummary[]> {
  const client = openServerClient(context, values)
  const filter = app === undefined ? '' : `&app=${encodeURIComponent(app)}`
  const listed: DeploymentSummary[] = []
  const pathOf = (from: string): string => {
    const before = from === '' ? '' : `&before=${from}`
    return `/v1/deployments${`${filter}${before}`.replace('&', '?')}`
  }
  type Answer = { readonly deployments: DeploymentSummary[]; readonly next: string | null }
  for await (const { deployments } of readPages<Answer>(client, '', pathOf)) {
    listed.push(...deployments)
    if (listed.length >= limit) break
  }
  return listed.slice(0, limit)
}

/** Whether a word is an id that a server gives; a host's own look otherwise. */
export function isServerId(text: string): boolean {
  return /^d-[a-z0-9]{16,20}$/.test(text)
}

function assertId(id: string): string {
  if (isServerId(id)) return id
  throw new AppError('usage', `${JSON.stringify(id)} is no id of a server's deployment`, {
    hint: 'see `sluice deployments`',
  })
}

export function isOver({ state }: Pick<DeploymentSummary, 'state'>): boolean {
  return isFinished(state)
}
