import type { DesiredState, HostReport } from '../../protocol/index.ts'
import type { Clock } from '../../system/index.ts'
import { sessionEnded } from './sessions.ts'
import type { Storage } from '../storage/storage.ts'

/** What agents are told, and where what they tell goes. Whoever calls has made sure which agent it is. */
export interface AgentDesk {
  /** All that the agent's host is to do now. @throws AppError `session-ended` when there is no such agent. */
  desiredOf(agentId: string): Promise<DesiredState>
  /** Takes reports durably, each number once; answers the last number that the server has. */
  takeReports(agentId: string, reports: readonly HostReport[]): Promise<number>
}

/** A desk of a server that deploys nothing. */
export function openAgentDesk({
  storage,
  clock,
}: {
  readonly storage: Pick<Storage, 'agents' | 'epoch'>
  readonly clock: Clock
}): AgentDesk {
  return {
    desiredOf: async (agentId) => {
      const { epoch } = storage
      const standing = (await storage.agents.standing([agentId])).get(agentId)
      if (standing === undefined) throw sessionEnded()
      const { revision } = standing
      return { epoch, revision, at: clock.now(), apps: [], rejected: [], scripts: [] }
    },
    takeReports: async (agentId, reports) => {
      const upTo = await storage.agents.takeReports(agentId, reports)
      if (upTo === undefined) throw sessionEnded()
      return upTo
    },
  }
}
