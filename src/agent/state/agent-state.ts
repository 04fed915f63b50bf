import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import type { LoginAnswer } from '../../protocol/index.ts'
import { makeDirectory, pathExists, readStateFile, writeStateFile } from '../../system/index.ts'
import { createIdentity, readIdentity, type Identity } from '../../trust/index.ts'

// What an agent keeps, in a directory of mode 0700: its key, which server it belongs to, and what it shows at the next
// login. Nothing of what its host is to do lies here.

/** Which server it belongs to, and as whom. */
export interface Membership {
  readonly url: string
  /** What the server must prove to hold. */
  readonly keyHash: string
  readonly isBehindProxy: boolean
  readonly agent: string
  readonly name: string
}

export interface AgentState {
  readonly directory: string
  readonly identity: Identity
  /** Undefined before the first login was answered. */
  joinState(): LoginAnswer['joinState'] | undefined
  /** Durable when it returns; only then may the login be used. */
  keepJoinState(state: LoginAnswer['joinState']): void
}

const format = 1

/** Opens the state of an agent, with a key of its own that is made the first time. */
export function openAgentState(directory: string): AgentState {
  makeDirectory(directory, 0o700)
  const key = join(directory, 'identity.pem')
  const identity = pathExists(key) ? readIdentity(key) : createIdentity(key, randomBytes)
  const file = join(directory, 'join-state.json')
  return {
    directory,
    identity,
    joinState: () => readStateFile<LoginAnswer['joinState']>(file, format)?.state,
    keepJoinState: (state) => void writeStateFile(file, format, state, { mode: 0o600 }),
  }
}

/** Undefined when the directory is not that of an enrolled agent. */
export function readMembership(directory: string): Membership | undefined {
  return readStateFile<Membership>(membershipFile(directory), format)?.state
}

export function keepMembership(directory: string, membership: Membership): void {
  writeStateFile(membershipFile(directory), format, membership, { mode: 0o600 })
}

/** @throws AppError `not-enrolled`. */
export function requireMembership(directory: string): Membership {
  const membership = readMembership(directory)
  if (membership !== undefined) return membership
  throw new AppError('not-enrolled', `${directory} is not the state of an enrolled agent`, {
    hint: 'sluice agent enrol URL --token-file FILE',
  })
}

function membershipFile(directory: string): string {
  return join(directory, 'agent.json')
}
