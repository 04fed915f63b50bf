import { resolve } from 'node:path'

import { enrolAgent, type Enrolment } from '../../agent/index.ts'
import { AppError } from '../../errors/index.ts'
import { Secret } from '../../system/index.ts'
import { readPassword } from '../../trust/index.ts'
import type { CliContext } from '../context.ts'
import { stateDirectory } from './agent-place.ts'

export interface EnrolValues {
  readonly url: string
  readonly tokenFile: string | undefined
  readonly name: string | undefined
  readonly state: string | undefined
  readonly behindProxy: boolean
}

export async function enrolHere(
  { cwd, signal }: CliContext,
  { url, tokenFile, name, state, behindProxy }: EnrolValues,
): Promise<Enrolment & { readonly state: string }> {
  if (tokenFile === undefined)
    throw new AppError('usage', 'no join token was given', {
      hint: 'give --token-file FILE, or - for standard input; a token never stands in an argument',
    })
  const address = readUrl(url)
  const token = readPassword(tokenFile === '-' ? '-' : resolve(cwd, tokenFile))
  const directory = stateDirectory(cwd, state)
  const enrolment = await enrolAgent({
    url: address,
    token: new Secret(token.reveal().trim(), 'join token'),
    state: directory,
    name,
    isBehindProxy: behindProxy,
    signal,
  })
  return { ...enrolment, state: directory }
}

/** Always https: what is proved is bound to a TLS connection, or leans on a certificate. */
function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isBare = url?.href === `${url?.origin ?? ''}/` && url.protocol === 'https:'
  if (url !== undefined && isBare) return url
  throw new AppError('usage', `"${text}" is not of the form https://HOST:PORT`)
}
