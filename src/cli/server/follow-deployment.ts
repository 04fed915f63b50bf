import { AppError } from '../../errors/index.ts'
import type { DeployEvent, ReportedError } from '../../events/index.ts'
import { isFinished, type DeploymentState } from '../../protocol/index.ts'
import type { CliContext } from '../context.ts'
import { insistently } from './insistently.ts'
import type { ServerClient } from './server-client.ts'

/** What happened, as the server tells it. */
export interface ServerEvent {
  readonly number: number
  readonly at: string
  readonly host: string | null
  readonly kind: 'deployment' | 'host' | 'step' | 'dropped'
  readonly state?: string
  readonly error?: ReportedError
  readonly ignored?: boolean
  readonly event?: DeployEvent
}

export interface ShownEvent {
  readonly event: ServerEvent
  /** For a person; undefined when there is nothing to see. */
  readonly line: string | undefined
  /** Of a program. */
  readonly isOutput?: boolean
}

export interface Following {
  readonly client: ServerClient
  readonly id: string
  readonly after: number
  readonly show: (event: ShownEvent) => void
  /** Ends with the last event that there is, instead of the end of the deployment. */
  readonly once?: boolean
}

interface Page {
  readonly state: DeploymentState
  readonly events: readonly ServerEvent[]
  readonly last: number
}

/**
 * Shows every event once, in order, until the deployment has ended. A server that is away for a moment is asked again.
 * @throws AppError `aborted` at Ctrl-C: the deployment goes on.
 */
export async function followEvents(
  { signal }: Pick<CliContext, 'signal'>,
  { client, id, after, show, once = false }: Following,
): Promise<void> {
  try {
    // After the end only what is there already comes, so nothing is waited for.
    for (let [last, wait] = [after, once ? 0 : 25]; ;) {
      const path = `/v1/deployments/${id}/events?after=${last}&wait=${wait}`
      const page = await insistently(signal, () => client.ask<Page>({ method: 'GET', path }))
      for (const event of page.events) show(shown(event))
      last = page.last
      if (isFinished(page.state)) wait = 0
      if (page.events.length === 0 && (once || isFinished(page.state))) return
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown
    throw new AppError('aborted', `deployment ${id} goes on at the server`, {
      hint: `sluice logs -f ${id} looks at it again, sluice cancel ${id} calls it off`,
    })
  }
}

function shown(event: ServerEvent): ShownEvent {
  const { kind, host, state = '', error, ignored = false } = event
  const why = error === undefined ? '' : `: ${error.message}`
  if (kind === 'deployment') return { event, line: `${stateWords[state] ?? state}${why}` }
  if (kind === 'dropped') return { event, line: 'what hosts say from here on is not kept' }
  if (kind === 'host')
    return { event, line: ignored ? undefined : `${host ?? '?'} is ${state}${why}` }
  const said = stepLine(event.event)
  return {
    event,
    ...said,
    line: said.line === undefined ? undefined : `${host ?? '?'} ${said.line}`,
  }
}

const stateWords: Readonly<Record<string, string>> = {
  requested: 'requested',
  preparing: 'preparing: hosts stage, start and prove',
  switching: 'all that can be reached are ready: switching',
  committed: 'all have switched: committed',
  undoing: 'going back everywhere',
  succeeded: 'succeeded',
  undone: 'undone',
  partial: 'partial: a person must look',
}

function stepLine(event: DeployEvent | undefined): { line: string | undefined; isOutput?: true } {
  switch (event?.type) {
    case 'step-finished':
      return { line: `${event.step}: ${event.detail ?? 'done'}` }
    case 'step-failed':
      return { line: `${event.step}: failed: ${event.error.message}` }
    case 'undo-failed':
      return { line: `${event.step}: could not be undone: ${event.error.message}` }
    case 'output':
      return { line: `${event.step} | ${event.line}`, isOutput: true }
    case 'notice':
      return { line: event.text }
    case undefined:
    case 'deployment-started':
    case 'deployment-finished':
    case 'step-started':
    case 'step-progress':
    case 'undo-started':
    case 'undo-finished':
      return { line: undefined }
  }
}
