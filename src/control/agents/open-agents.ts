import type { Holder } from '../access/rights.ts'
import { unauthenticated } from '../access/tokens.ts'
import type { WaitOptions } from '../triggers/triggers.ts'
import { openJoining, type Joining, type JoiningOptions } from './joining.ts'
import { openRevisions } from './revisions.ts'
import { openSeen } from './seen.ts'
import { openSessions, sessionEnded } from './sessions.ts'

/** Who may be an agent, who is one, and who waits for something to do. */
export interface Agents extends Joining {
  /** Whose session it is, read anew. @throws AppError `session-ended`, `unauthenticated`. */
  authenticate(session: string): Promise<Holder>
  /** Resolves when there is something beyond a revision, at the time-out, or when the agent may not go on. */
  waitBeyond(agent: string, after: number, options: WaitOptions): Promise<void>
  /** 0 when there is no such agent. */
  revision(agent: string): Promise<number>
  /** Polls that are held. */
  waiting(): number
  /** Answers the polls that are held, now and later. */
  letGo(): void
}

export interface AgentsOptions extends JoiningOptions {
  /** Milliseconds between looks at a database that other servers share; 1,000 unless told. */
  readonly pollEvery?: number
}

export function openAgents(options: AgentsOptions): Agents {
  const { storage, identity, clock, pollEvery = 1000 } = options
  const sessions = openSessions(identity)
  const joining = openJoining(options, sessions)
  const revisions = openRevisions({ storage, clock, pollEvery })
  const seen = openSeen(storage, clock)
  return {
    ...joining,
    authenticate: async (text) => {
      const session = sessions.open(text)
      if (session === undefined) throw unauthenticated()
      const { agent, expires } = session
      const standing = await revisions.standing(agent)
      if (expires <= clock.now() || standing?.state !== 'active') throw sessionEnded()
      seen.note(agent)
      return { id: agent, scope: { kind: 'agent' }, agent }
    },
    waitBeyond: async (agent, after, wait) => {
      const leave = seen.stay(agent)
      await revisions.waitBeyond(agent, after, wait).finally(leave)
    },
    revision: async (agent) => (await revisions.standing(agent))?.revision ?? 0,
    waiting: () => revisions.waiting(),
    letGo: () => revisions.letGo(),
    close: async () => {
      await joining.close()
      await revisions.close()
      await seen.close()
    },
  }
}
