import { resolve } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { pathExists } from '../../system/index.ts'
import { createPrivateFile } from '../../trust/index.ts'
import type { CliContext } from '../context.ts'
import { readPages } from './read-pages.ts'
import { openServerClient } from './server-client.ts'
import type { ServerValues } from './server-options.ts'

export interface TokenView {
  readonly id: string
  readonly scope: string
  readonly note: string
  readonly created: string
  readonly createdBy: string
  readonly expires: string
  readonly used: string | null
  readonly revoked: string | null
}

/** With the token in it, or the file it went to. */
export interface MadeToken extends TokenView {
  readonly text?: string
  readonly file?: string
}

export async function createTokenOnServer(
  context: CliContext,
  values: ServerValues,
  request: {
    readonly scope: string
    readonly note: string
    readonly life: string
    readonly output: string | undefined
  },
): Promise<MadeToken> {
  const { output, ...body } = request
  const file = output === undefined ? undefined : resolve(context.cwd, output)
  // Before it is made: nobody could see it afterwards.
  if (file !== undefined && pathExists(file)) throw new AppError('key-exists', `${file} exists`)
  const client = openServerClient(context, values)
  const answer = await client.ask<TokenView & { readonly text: string }>({
    method: 'POST',
    path: '/v1/tokens',
    body,
  })
  if (file === undefined) return answer
  const { text, ...view } = answer
  createPrivateFile(file, `${text}\n`)
  return { ...view, file }
}

export async function listTokensOfServer(
  context: CliContext,
  values: ServerValues,
): Promise<TokenView[]> {
  const client = openServerClient(context, values)
  const tokens: TokenView[] = []
  const pages = readPages<{ tokens: TokenView[]; next: string | null }>(
    client,
    '',
    (after) => `/v1/tokens?after=${after}`,
  )
  for await (const page of pages) tokens.push(...page.tokens)
  return tokens
}

export async function revokeTokenOnServer(
  context: CliContext,
  values: ServerValues,
  id: string,
): Promise<{ readonly id: string }> {
  if (!/^[0-9A-Za-z]{11}$/.test(id))
    throw new AppError('usage', `${JSON.stringify(id)} is no id of a token`)
  const client = openServerClient(context, values)
  return await client.ask({ method: 'DELETE', path: `/v1/tokens/${id}` })
}
