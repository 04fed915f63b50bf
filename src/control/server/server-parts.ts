import { randomBytes } from 'node:crypto'

import { randomText, systemClock as clock } from '../../system/index.ts'
import type { Identity } from '../../trust/index.ts'
import { openTokens } from '../access/tokens.ts'
import { openAgentDesk } from '../agents/agent-desk.ts'
import { openJoinTokens } from '../agents/join-tokens.ts'
import { openAgents } from '../agents/open-agents.ts'
import { openAuditLog } from '../audit/audit-log.ts'
import { openFleet } from '../deployments/open-fleet.ts'
import { openServerRelay } from '../relay/relay-door.ts'
import { openReleaseFiles } from '../releases/release-files.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import type { Storage } from '../storage/storage.ts'
import { openTriggers } from '../triggers/open-triggers.ts'
import { openFleetMetrics } from './fleet-metrics.ts'
import { openMetrics } from './metrics.ts'

export type ServerParts = ReturnType<typeof openParts>

/** What the server is made of, over an open storage. */
export function openParts(storage: Storage, identity: Identity, settings: ServerSettings) {
  // What may fail comes before what runs until it is closed.
  const archives = openReleaseFiles(settings.releases)
  const relay = openServerRelay(settings, clock)
  const joining = { storage, identity, clock, random: randomBytes }
  const audit = openAuditLog({ storage, clock, randomText })
  const fleet = openFleet({ storage, settings, audit, clock, randomText })
  return {
    storage,
    identity,
    archives,
    relay,
    agents: openAgents({ ...joining, randomText }),
    joinTokens: openJoinTokens(joining),
    fleet,
    deployments: fleet.deployments,
    starts: fleet.starts,
    desk: openAgentDesk(fleet.deployments),
    triggers: openTriggers({ storage, clock, randomText }),
    tokens: openTokens({ storage, clock, random: randomBytes }),
    audit,
    metrics: openMetrics(),
    fleetMetrics: openFleetMetrics(storage, clock),
  }
}

/** Ends what runs; triggers and agents are closed before, by whoever serves them. */
export async function closeParts(parts: ServerParts): Promise<void> {
  const { fleet, relay, audit, storage } = parts
  await fleet.close()
  await relay?.close()
  await audit.close()
  await storage.close()
}
