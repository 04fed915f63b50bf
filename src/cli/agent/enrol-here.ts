import { resolve } from 'node:path'

import { enrolAgent, type Enrolment } from '../../agent/index.ts'
import { AppError } from '../../errors/index.ts'
import { policyPath, writeFirstPolicy } from '../../policy/index.ts'
import { Secret } from '../../system/index.ts'
import { readPassword } from '../../trust/index.ts'
import type { CliContext } from '../context.ts'
import { stateDirectory } from './agent-place.ts'
import { installAgentUnits } from './install-units.ts'

export interface EnrolValues {
  readonly url: string
  readonly tokenFile: string | undefined
  readonly name: string | undefined
  readonly state: string | undefined
  readonly behindProxy: boolean
  readonly allow: string | undefined
  readonly installUnits: boolean
}

export interface EnrolledHere extends Enrolment {
  readonly state: string
  /** Says what became of the first policy, when one was asked for. */
  readonly policy: string | undefined
  /** Files of the units that were installed. */
  readonly units: readonly string[]
}

/** Enrols this machine, then does what else was asked for; all of it may be repeated. */
export async function enrolHere(context: CliContext, values: EnrolValues): Promise<EnrolledHere> {
  const { cwd, signal } = context
  const { url, tokenFile, name, state, behindProxy } = values
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
  const policy = values.allow === undefined ? undefined : firstPolicy(values.allow)
  const units = values.installUnits
    ? (await installAgentUnits(context, { state, user: undefined, print: false })).units
    : []
  return { ...enrolment, state: directory, policy, units: units.map(({ file }) => file) }
}

function firstPolicy(allow: string): string {
  const isWritten = writeFirstPolicy(policyPath, allow.split(','))
  return isWritten ? policyPath : `${policyPath} was there and stays as it is`
}

/** Always https: what is proved is bound to a TLS connection, or leans on a certificate. */
function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isBare = url?.href === `${url?.origin ?? ''}/` && url.protocol === 'https:'
  if (url !== undefined && isBare) return url
  throw new AppError('usage', `"${text}" is not of the form https://HOST:PORT`)
}
