import type { DeployContext } from './deploy-context.ts'
import { targetOf } from './deploy-target.ts'

/** Milliseconds between two looks. */
const interval = 50

/** Waits until no request and no upgraded connection is open to these deploys, or `timeout` ms are over; says which. */
export async function waitUntilDrained(
  context: DeployContext,
  labels: readonly string[],
  timeout: number,
): Promise<string> {
  const { clock } = context.host
  const deadline = clock.monotonic() + timeout
  for (;;) {
    const open = await countOpen(context, labels)
    if (open === undefined) return 'this proxy cannot count connections'
    if (open === 0) return 'no open connection'
    if (clock.monotonic() >= deadline) return `${open} connections were still open`
    await clock.sleep(interval, context.signal)
  }
}

/** Open connections of all these deploys; undefined when the proxy cannot tell. */
async function countOpen(
  { host, app }: DeployContext,
  labels: readonly string[],
): Promise<number | undefined> {
  let total = 0
  for (const label of labels) {
    const entry = app.state.deploys[label]
    const target = entry === undefined ? undefined : targetOf(app.state.app, entry)
    const open = target === undefined ? 0 : await host.proxy.openConnections(target)
    if (open === undefined) return undefined
    total += open
  }
  return total
}
