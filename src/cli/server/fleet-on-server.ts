import type { FleetApp } from '../../control/index.ts'
import { AppError } from '../../errors/index.ts'
import type { CliContext } from '../context.ts'
import { readPages } from './read-pages.ts'
import { openServerClient, type ServerClient } from './server-client.ts'
import type { ServerValues } from './server-options.ts'

export interface FleetHost {
  readonly name: string
  readonly state: string
  readonly labels: Readonly<Record<string, string>>
  readonly seen: string | null
  readonly observed: string | null
  readonly apps: readonly FleetApp[]
}

/** What is desired of each host beside how it stands; of one app only, if one is named. */
export async function readFleet(
  context: CliContext,
  values: ServerValues,
  app: string | undefined,
): Promise<FleetHost[]> {
  const client = openServerClient(context, values)
  const hosts: FleetHost[] = []
  const pages = readPages<{ hosts: FleetHost[]; next: string | null }>(
    client,
    '',
    (after) => `/v1/fleet?after=${encodeURIComponent(after)}`,
  )
  for await (const page of pages) hosts.push(...page.hosts)
  if (app === undefined) return hosts
  const ofApp = hosts.map((host) => ({
    ...host,
    apps: host.apps.filter((each) => each.app === app),
  }))
  return ofApp.filter(({ apps }) => apps.length > 0)
}

export async function releaseHoldOnServer(
  context: CliContext,
  values: ServerValues,
  { agent, app }: { readonly agent: string; readonly app: string | undefined },
): Promise<{ readonly name: string; readonly app: string }> {
  if (app === undefined)
    throw new AppError('usage', 'no app was given', { hint: 'release-hold APP --agent NAME' })
  const client = openServerClient(context, values)
  const path = `/v1/agents/${encodeURIComponent(agent)}/apps/${encodeURIComponent(app)}/release-hold`
  return await client.ask({ method: 'POST', path })
}

export interface RejectedView {
  readonly app: string
  readonly digest: string
  readonly version: string
  readonly reason: string
  readonly by: string
  readonly at: string
}

export async function listRejectedOfServer(
  context: CliContext,
  values: ServerValues,
): Promise<RejectedView[]> {
  return await listRejected(openServerClient(context, values))
}

async function listRejected(client: ServerClient): Promise<RejectedView[]> {
  const path = '/v1/rejected'
  return (await client.ask<{ rejected: RejectedView[] }>({ method: 'GET', path })).rejected
}

export interface Judged {
  readonly release: string
  readonly reason: string
}

/** Rejects a release on every host. */
export async function quarantineOnServer(
  context: CliContext,
  values: ServerValues,
  { release, reason }: Judged,
): Promise<{ readonly app: string; readonly version: string }> {
  const client = openServerClient(context, values)
  const { name, wanted } = nameOf(release)
  const path = `/v1/releases?name=${encodeURIComponent(name)}`
  const { releases } = await client.ask<{ releases: { digest: string; version: string }[] }>({
    method: 'GET',
    path,
  })
  const found = releases.find(({ version }) => version === wanted)
  if (found === undefined) throw new AppError('release-not-found', `the server has no ${release}`)
  const place = `/v1/rejected/${name}/${found.digest}`
  return await client.ask({ method: 'POST', path: place, body: { reason: assertReason(reason) } })
}

export async function liftOnServer(
  context: CliContext,
  values: ServerValues,
  { release, reason }: Judged,
): Promise<{ readonly app: string; readonly version: string }> {
  const client = openServerClient(context, values)
  const fits = fitting(release)
  const found = (await listRejected(client)).find(fits)
  if (found === undefined)
    throw new AppError('not-found', `${release} is not rejected on the server`, {
      hint: 'see `sluice rejected`',
    })
  const { app, digest, version } = found
  const path = `/v1/rejected/${app}/${digest}`
  await client.ask({ method: 'DELETE', path, body: { reason: assertReason(reason) } })
  return { app, version }
}

function fitting(release: string): (rejected: RejectedView) => boolean {
  const [, start] = /^sha256:([0-9a-f]{8,64})$/.exec(release) ?? []
  if (start !== undefined) return ({ digest }) => digest.startsWith(start)
  const { name, wanted } = nameOf(release)
  return ({ app, version }) => app === name && version === wanted
}

function nameOf(release: string): { readonly name: string; readonly wanted: string } {
  const at = release.indexOf('@')
  if (at > 0) return { name: release.slice(0, at), wanted: release.slice(at + 1) }
  throw new AppError('usage', `${JSON.stringify(release)} is not of the form NAME@VERSION`)
}

function assertReason(reason: string): string {
  if (reason !== '') return reason
  throw new AppError('usage', 'no reason was given', { hint: 'give --reason TEXT' })
}
