import { AppError } from '../../errors/index.ts'
import type { CliContext } from '../context.ts'
import { readPages } from './read-pages.ts'
import { openServerClient } from './server-client.ts'
import type { ServerValues } from './server-options.ts'

export interface AgentView {
  readonly id: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly state: string
  readonly revision: number
  readonly enrolled: string
  readonly seen: string | null
  readonly version: string | null
  readonly apps: readonly { readonly app: string; readonly version: string | null }[]
}

export interface AgentList {
  /** The server's time, which `seen` is compared with. */
  readonly at: string
  readonly agents: readonly AgentView[]
}

export async function listAgentsOfServer(
  context: CliContext,
  values: ServerValues,
): Promise<AgentList> {
  const client = openServerClient(context, values)
  const agents: AgentView[] = []
  let at = ''
  for await (const page of readPages<AgentList & { next: string | null }>(
    client,
    '',
    (after) => `/v1/agents?after=${after}`,
  )) {
    agents.push(...page.agents)
    at = page.at
  }
  return { at, agents }
}

export async function removeAgentOnServer(
  context: CliContext,
  values: ServerValues,
  name: string,
): Promise<{ readonly name: string }> {
  const path = `/v1/agents/${checked(name)}`
  return await openServerClient(context, values).ask({ method: 'DELETE', path })
}

export async function renameAgentOnServer(
  context: CliContext,
  values: ServerValues,
  { name, to }: { readonly name: string; readonly to: string },
): Promise<{ readonly name: string }> {
  const path = `/v1/agents/${checked(name)}/name`
  return await openServerClient(context, values).ask({ method: 'POST', path, body: { name: to } })
}

function checked(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/.test(name)) return name
  throw new AppError('usage', `${JSON.stringify(name)} is no name of an agent`)
}
