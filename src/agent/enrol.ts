import { hostname } from 'node:os'

import { AppError } from '../errors/index.ts'
import type { Secret } from '../system/index.ts'
import { connectToServer, parseJoinToken } from '../trust/index.ts'
import { askServer } from './server/ask-server.ts'
import { proveKey } from './server/prove-key.ts'
import { readEnrolled } from './server/server-answers.ts'
import { keepMembership, openAgentState, readMembership } from './state/agent-state.ts'

export interface EnrolOptions {
  readonly url: URL
  readonly token: Secret
  /** Where the agent keeps its key. */
  readonly state: string
  /** The machine's own name unless given. */
  readonly name?: string | undefined
  readonly isBehindProxy: boolean
  readonly signal: AbortSignal
}

export interface Enrolment {
  readonly agent: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly server: string
  /** Of the agent's own key, as a person may compare it. */
  readonly keyHash: string
}

const answerTime = 30_000

/**
 * Makes this machine an agent of a server, which must prove the key that the token names. Safe to repeat with the same token
 * and state when the answer was lost.
 * @throws AppError `token-invalid`, `already-enrolled`, `join-token-refused`, `agent-exists`, `identity-mismatch`,
 * `identity-unproved`, `server-unreachable`.
 */
export async function enrolAgent(options: EnrolOptions): Promise<Enrolment> {
  const { url, state: directory, isBehindProxy, signal } = options
  const token = parseJoinToken(options.token.reveal())
  const present = readMembership(directory)
  if (present !== undefined)
    throw new AppError('already-enrolled', `${directory} is the state of agent "${present.name}"`, {
      hint: 'remove that directory to enrol anew, or give another --state',
    })
  const { identity } = openAgentState(directory)
  const keyHash = token.serverKeyHash
  const limits = { timeout: answerTime, signal }
  const connection = await connectToServer({ url, keyHash, isBehindProxy }, limits)
  try {
    const about = [token.id, keyHash]
    const claim = { identity, purpose: 'agent enrolment', about } as const
    const proved = await proveKey(connection, claim, limits)
    // The connection ends at the server that the token names, so it may have the token.
    const body = { token: token.text.reveal(), name: options.name ?? ownName(), ...proved }
    const question = { path: '/v1/agent/enrol', body, read: readEnrolled }
    const { agent, name, labels } = await askServer(connection, question, limits)
    keepMembership(directory, { url: url.origin, keyHash, isBehindProxy, agent, name })
    return { agent, name, labels, server: url.origin, keyHash: identity.keyHash }
  } finally {
    connection.close()
  }
}

function ownName(): string {
  const name = hostname().replaceAll(/[^A-Za-z0-9.-]/g, '-')
  return name.replace(/^[^A-Za-z0-9]+/, '').slice(0, 63)
}
