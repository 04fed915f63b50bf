import { resolve } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { pathExists } from '../../system/index.ts'
import { createPrivateFile } from '../../trust/index.ts'
import type { CliContext } from '../context.ts'
import { readPages } from './read-pages.ts'
import { openServerClient } from './server-client.ts'
import { serverPlace, type ServerValues } from './server-options.ts'

export interface JoinTokenView {
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  readonly usesLeft: number
  readonly created: string
  readonly createdBy: string
  readonly expires: string
  readonly revoked: string | null
}

/** With the token in it, or the file it went to. */
export interface MadeJoinToken extends JoinTokenView {
  readonly text?: string
  readonly file?: string
  /** What to type on the machine that is to join. */
  readonly next: string
}

export async function createJoinTokenOnServer(
  context: CliContext,
  values: ServerValues,
  request: {
    readonly labels: Readonly<Record<string, string>> | undefined
    readonly uses: number | undefined
    readonly within: string | undefined
    readonly output: string | undefined
  },
): Promise<MadeJoinToken> {
  const { output, labels = {}, uses = 1, within = '15m' } = request
  const file = output === undefined ? undefined : resolve(context.cwd, output)
  // Before it is made: nobody could see it afterwards.
  if (file !== undefined && pathExists(file)) throw new AppError('key-exists', `${file} exists`)
  const client = openServerClient(context, values)
  const { text, ...view } = await client.ask<JoinTokenView & { readonly text: string }>({
    method: 'POST',
    path: '/v1/join-tokens',
    body: { labels, uses, within },
  })
  const { url } = serverPlace(values, context.io.environment)
  const next = `sluice agent enrol ${url.origin} --token-file -`
  if (file === undefined) return { ...view, text, next }
  createPrivateFile(file, `${text}\n`)
  return { ...view, file, next }
}

export async function listJoinTokensOfServer(
  context: CliContext,
  values: ServerValues,
): Promise<JoinTokenView[]> {
  const client = openServerClient(context, values)
  const tokens: JoinTokenView[] = []
  const pages = readPages<{ joinTokens: JoinTokenView[]; next: string | null }>(
    client,
    '',
    (after) => `/v1/join-tokens?after=${after}`,
  )
  for await (const { joinTokens } of pages) tokens.push(...joinTokens)
  return tokens
}

export async function revokeJoinTokenOnServer(
  context: CliContext,
  values: ServerValues,
  id: string,
): Promise<{ readonly id: string }> {
  if (!/^[0-9A-Za-z]{11}$/.test(id))
    throw new AppError('usage', `${JSON.stringify(id)} is no id of a join token`)
  const client = openServerClient(context, values)
  return await client.ask({ method: 'DELETE', path: `/v1/join-tokens/${id}` })
}
