import type { DesiredState, HostReport } from '../../protocol/index.ts'
import type { Deployments } from '../deployments/deployments.ts'
import { sessionEnded } from './sessions.ts'

/** What agents are told, and where what they tell goes. Whoever calls has made sure which agent it is. */
export interface AgentDesk {
  /** All that the agent's host is to do now. @throws AppError `session-ended` when there is no such agent. */
  desiredOf(agentId: string): Promise<DesiredState>
  /** Takes reports durably, each number once; answers the last number that the server has. */
  takeReports(agentId: string, reports: readonly HostReport[]): Promise<number>
}

/** The desk of a server: what deployments and raises want of a host. */
export function openAgentDesk(
  deployments: Pick<Deployments, 'desiredOf' | 'takeReports'>,
): AgentDesk {
  return {
    desiredOf: async (agentId) => {
      const desired = await deployments.desiredOf(agentId)
      if (desired === undefined) throw sessionEnded()
      return desired
    },
    takeReports: async (agentId, reports) => {
      const upTo = await deployments.takeReports(agentId, reports)
      if (upTo === undefined) throw sessionEnded()
      return upTo
    },
  }
}
