import { safeJson, safeLine } from '../../terminal/index.ts'
import type { CliContext } from '../context.ts'
import { logsOnServer } from './deployments-on-server.ts'
import { readRunEvents, type RunEvent } from './runs-on-server.ts'
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
  const json = wantsJson(context)
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

/** Prints what a script did and printed on each host. */
export async function showRunLogs(
  context: CliContext,
  values: ServerValues,
  { id, raw }: Omit<ServerLogOptions, 'follow'>,
): Promise<void> {
  const { stdout } = context.io
  const json = wantsJson(context)
  await readRunEvents(context, values, {
    id,
    show: (event) => {
      if (json) stdout.write(`${safeJson(event)}\n`)
      else for (const line of linesOf(event)) stdout.write(`${raw ? line : safeLine(line)}\n`)
    },
  })
}

function linesOf({ host, at, content }: RunEvent): readonly string[] {
  const { type, text, error, name } = content
  const head = `${at.slice(11, 23)}  ${host}`
  if (typeof text === 'string')
    return text
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => `${head} | ${line}`)
  const why = (error as { readonly message?: string } | undefined)?.message
  const what = typeof name === 'string' ? ` ${name}` : ''
  const words = typeof type === 'string' ? type.replace(/^script-/, '').replaceAll('-', ' ') : ''
  return [`${head} ${words}${what}${why === undefined ? '' : `: ${why}`}`]
}

function wantsJson({ globals }: Pick<CliContext, 'globals'>): boolean {
  return globals['json'] === true || globals['jsonEvents'] === true
}
