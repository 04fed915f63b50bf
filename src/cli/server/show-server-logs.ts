import { safeJson, safeLine } from '../../terminal/index.ts'
import type { CliContext } from '../context.ts'
import { logsOnServer } from './deployments-on-server.ts'
import type { ServerValues } from './server-options.ts'

export interface ServerLogOptions {
  readonly id: string
  readonly follow: boolean
  /** Print control characters as they are. */
  readonly raw: boolean
}

/** Prints what a deployment did on its hosts, with the output of programs where the token may see it. */
export async function showServerLogs(
  context: CliContext,
  values: ServerValues,
  { id, follow, raw }: ServerLogOptions,
): Promise<void> {
  const { stdout } = context.io
  const json = context.globals['json'] === true || context.globals['jsonEvents'] === true
  await logsOnServer(context, values, {
    id,
    follow,
    show: ({ event, line }) => {
      if (json) stdout.write(`${safeJson(event)}\n`)
      else if (line !== undefined)
        stdout.write(`${event.at.slice(11, 23)}  ${raw ? line : safeLine(line)}\n`)
    },
  })
}
