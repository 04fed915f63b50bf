import { AppError } from '../../errors/index.ts'
import { randomText, systemClock } from '../../system/index.ts'
import { exitCodes } from '../../terminal/index.ts'
import type { CliContext } from '../context.ts'
import { insistently } from './insistently.ts'
import { openServerClient, type ServerClient } from './server-client.ts'
import type { ServerValues } from './server-options.ts'

export interface RaisedEvent {
  readonly trigger: string
  readonly sequence: number
  readonly event: string
  readonly epoch: string
  /** What it starts, unless a later raise takes its place. */
  readonly starts?: string | null
  readonly outcome?: string | null
  readonly supersededBy?: number | null
}

/** Raises, asks again by the same key when the server is away for a moment, and waits for the outcome if told to. */
export async function raiseOnServer(
  context: CliContext,
  values: ServerValues,
  { name, key = randomText(26) }: { readonly name: string; readonly key: string | undefined },
): Promise<{ readonly raised: RaisedEvent; readonly exitCode: number }> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name))
    throw new AppError('usage', `${JSON.stringify(name)} is no name of a trigger`)
  const client = openServerClient(context, values)
  const raised = await insistently(context.signal, () =>
    client.ask<RaisedEvent>({
      method: 'POST',
      path: `/v1/triggers/${name}`,
      body: {},
      headers: { 'idempotency-key': key },
    }),
  )
  const { wait } = context.globals as { readonly wait?: number }
  if (wait === undefined) return { raised, exitCode: 0 }
  const ended = await follow(client, raised, { signal: context.signal, wait })
  return { raised: ended, exitCode: hasStarted(ended) ? 0 : exitCodes.failed }
}

async function follow(
  client: ServerClient,
  raised: RaisedEvent,
  { signal, wait }: { readonly signal: AbortSignal; readonly wait: number },
): Promise<RaisedEvent> {
  const until = systemClock.monotonic() + wait
  const path = `/v1/triggers/${raised.trigger}/events/${raised.sequence}`
  for (;;) {
    const event = await insistently(signal, () => client.ask<RaisedEvent>({ method: 'GET', path }))
    if (isSettled(event) || systemClock.monotonic() >= until) return event
    await systemClock.sleep(1000, signal)
  }
}

/** A raise that a later one supersedes has done its work: that one is for the same. */
function hasStarted(raised: RaisedEvent): boolean {
  return isSettled(raised) && raised.outcome?.startsWith('failed:') !== true
}

function isSettled({ outcome = null, supersededBy = null }: RaisedEvent): boolean {
  return outcome !== null || supersededBy !== null
}
