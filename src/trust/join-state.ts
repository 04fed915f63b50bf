import { isSignedBy, type Identity, type MessageParts, type PublicIdentity } from './identity.ts'
import type { RandomBytes } from './random-bytes.ts'
import { decodeBase64 } from './text-encoding.ts'

// Each login of an agent gives it a new state, to be shown at the next one. Of two machines that have the same key, one
// shows a state that is no longer right; which of the two is the copy cannot be known, so both are stopped.

/** What an agent keeps from login to login, durably before it uses the login. */
export interface JoinState {
  readonly agent: string
  /** Grows by one with each login. */
  readonly counter: number
  /** Tells two states with the same counter apart. Base64url. */
  readonly nonce: string
  /** The server's, base64url. */
  readonly signature: string
}

/** One state as the server remembers it. */
export type JoinMark = Pick<JoinState, 'counter' | 'nonce'>

/** What the server keeps of an agent, durably before it answers a login. */
export interface JoinRecord {
  readonly agent: string
  /** The last state that the agent has shown; undefined until its first login. */
  readonly shown: JoinMark | undefined
  /** The state that it was given last, which it may not have received. */
  readonly given: JoinMark | undefined
}

export type JoinVerdict =
  /** It shows what it was given last. */
  | { readonly verdict: 'in-step' }
  /** It shows again what it showed last: the answer to its last login was lost, or a copy logs in. */
  | { readonly verdict: 'repeated' }
  | {
      readonly verdict: 'out-of-step'
      readonly reason: 'missing' | 'forged' | 'other-agent' | 'older' | 'forked' | 'newer'
    }

/**
 * Decides about the state that an agent shows. `repeated` may log in: from then on the state that was given and not
 * shown is worth nothing, so the other machine, if there is one, is out of step at its next login.
 */
export function judgeJoinState(
  presented: JoinState | undefined,
  record: JoinRecord,
  server: Pick<PublicIdentity, 'publicKey'>,
): JoinVerdict {
  if (presented === undefined) {
    return record.shown === undefined ? { verdict: 'repeated' } : outOfStep('missing')
  }
  if (!isGenuine(presented, server)) return outOfStep('forged')
  if (presented.agent !== record.agent) return outOfStep('other-agent')
  if (isSame(presented, record.given)) return { verdict: 'in-step' }
  if (isSame(presented, record.shown)) return { verdict: 'repeated' }
  return outOfStep(reasonFor(presented.counter, record.given?.counter ?? 0))
}

/** The state to give at a login that was not out of step, and the record to keep before giving it. */
export function nextJoinState(
  presented: JoinState | undefined,
  record: JoinRecord,
  { server, random }: { readonly server: Identity; readonly random: RandomBytes },
): { readonly state: JoinState; readonly record: JoinRecord } {
  const { agent } = record
  const given = {
    counter: (record.given?.counter ?? 0) + 1,
    nonce: random(16).toString('base64url'),
  }
  const signature = server.sign('join state', partsOf({ agent, ...given })).toString('base64url')
  const shown =
    presented === undefined ? undefined : { counter: presented.counter, nonce: presented.nonce }
  return { state: { agent, ...given, signature }, record: { agent, shown, given } }
}

/** `newer` is genuine and unknown: not the agent but the server went back, as a restored backup does. */
function reasonFor(presented: number, given: number): 'older' | 'forked' | 'newer' {
  if (presented === given) return 'forked'
  return presented < given ? 'older' : 'newer'
}

function outOfStep(
  reason: Extract<JoinVerdict, { verdict: 'out-of-step' }>['reason'],
): JoinVerdict {
  return { verdict: 'out-of-step', reason }
}

function isGenuine(state: JoinState, server: Pick<PublicIdentity, 'publicKey'>): boolean {
  const signature = decodeBase64(state.signature, 'base64url') ?? Buffer.alloc(0)
  return isSignedBy(server, { purpose: 'join state', parts: partsOf(state) }, signature)
}

function partsOf({ agent, counter, nonce }: Omit<JoinState, 'signature'>): MessageParts {
  return [agent, String(counter), nonce]
}

function isSame(state: JoinMark, mark: JoinMark | undefined): boolean {
  return mark !== undefined && state.counter === mark.counter && state.nonce === mark.nonce
}
