import type { ReportedError } from '../../events/index.ts'
import type { CliContext } from '../context.ts'
import { openServerClient } from './server-client.ts'
import type { ServerValues } from './server-options.ts'

export interface ScriptRun {
  readonly agent: string
  readonly name: string
  readonly state: string
  readonly error: ReportedError | null
  readonly events: number
  readonly created: string
  readonly changed: string
}

/** The runs that one raise has started. */
export interface ScriptRuns {
  readonly id: string
  readonly trigger: string
  readonly sequence: number
  readonly script: string
  readonly runs: readonly ScriptRun[]
}

export interface RunEvent {
  readonly host: string
  readonly number: number
  readonly at: string
  readonly content: Readonly<Record<string, unknown>>
}

/** Whether a word is the id of runs that a raise has started. */
export function isRunId(text: string): boolean {
  return /^s-[0-9a-f]{20}$/.test(text)
}

export async function readRunsOfServer(
  context: CliContext,
  values: ServerValues,
  id: string,
): Promise<ScriptRuns> {
  const client = openServerClient(context, values)
  return await client.ask({ method: 'GET', path: `/v1/runs/${id}` })
}

/** What the script did on each host, one host after the other. */
export async function readRunEvents(
  context: CliContext,
  values: ServerValues,
  { id, show }: { readonly id: string; readonly show: (event: RunEvent) => void },
): Promise<void> {
  const client = openServerClient(context, values)
  const { runs } = await client.ask<ScriptRuns>({ method: 'GET', path: `/v1/runs/${id}` })
  for (const { agent, name } of runs)
    for (let after = 0; ;) {
      const path = `/v1/runs/${id}/agents/${agent}/events?after=${after}`
      const page = await client.ask<{ events: Omit<RunEvent, 'host'>[]; last: number }>({
        method: 'GET',
        path,
      })
      for (const event of page.events) show({ host: name, ...event })
      if (page.events.length === 0) break
      after = page.last
    }
}
