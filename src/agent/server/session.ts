import type { Clock } from '../../system/index.ts'
import type { ServerConnection, WireLimits } from '../../trust/index.ts'
import type { AgentState, Membership } from '../state/agent-state.ts'
import { askServer } from './ask-server.ts'
import { proveKey } from './prove-key.ts'
import { readLogin } from './server-answers.ts'

/** The agent's session, shared by all its connections. */
export interface Session {
  /** One that is good for a while yet; logs in over the connection when there is none. */
  current(connection: ServerConnection): Promise<string>
  /** The server does not take it any more. */
  forget(session: string): void
}

export interface SessionOptions {
  readonly state: AgentState
  readonly membership: Membership
  readonly clock: Clock
  readonly signal: AbortSignal
  /** The server's clock less ours, in milliseconds, at each login. */
  readonly onSkew: (skew: number) => void
}

const answerTime = 30_000
/** Milliseconds before its end in which a session is not used any more. */
const margin = 60_000

export function openSession(options: SessionOptions): Session {
  let present: { readonly text: string; readonly until: number } | undefined
  let loggingIn: Promise<string> | undefined

  async function logIn(connection: ServerConnection): Promise<string> {
    const { clock } = options
    const begun = clock.monotonic()
    const answer = await login(connection, options)
    options.onSkew(answer.at - clock.now())
    // By a clock that never jumps, from before the server made it.
    present = { text: answer.session, until: begun + answer.expires - answer.at - margin }
    return answer.session
  }
  return {
    current: async (connection) => {
      if (present !== undefined && options.clock.monotonic() < present.until) return present.text
      // One login at a time: two that cross look like two machines.
      loggingIn ??= logIn(connection).finally(() => (loggingIn = undefined))
      return await loggingIn
    },
    forget: (session) => {
      if (present?.text === session) present = undefined
    },
  }
}

async function login(connection: ServerConnection, { state, membership, signal }: SessionOptions) {
  const limits: WireLimits = { timeout: answerTime, signal }
  const { agent, keyHash } = membership
  const { identity } = state
  const claim = { identity, purpose: 'agent login', about: [agent, keyHash] } as const
  const proved = await proveKey(connection, claim, limits)
  const body = { agent, ...proved, joinState: state.joinState() ?? null }
  const question = { path: '/v1/agent/login', body, read: readLogin }
  const answer = await askServer(connection, question, limits)
  state.keepJoinState(answer.joinState)
  return answer
}
