import type { Database } from './database.ts'
import type { Storage } from './storage.ts'
import { openAgentRecords } from './tables/agents.ts'
import { openAuditRecords } from './tables/audit.ts'
import { openDeploymentRecords } from './tables/deployments.ts'
import { openFigureRecords } from './tables/figures.ts'
import { openLeaseRecords } from './tables/leases.ts'
import { readEpoch, writeEpoch } from './tables/meta.ts'
import { openDesireRecords } from './tables/open-desires.ts'
import { openScriptRunRecords } from './tables/open-script-runs.ts'
import { openReleaseRecords } from './tables/releases.ts'
import { openRejectedRecords } from './tables/rejected-releases.ts'
import { openStartRecords } from './tables/starts.ts'
import { openJoinTokenRecords } from './tables/join-tokens.ts'
import { keepPrivateKey } from './tables/server-identity.ts'
import { openTokenRecords } from './tables/tokens.ts'
import { openTriggerRecords } from './tables/triggers.ts'

/** What only one of the databases can know. */
type Ends = Pick<Storage, 'isShared' | 'onChanged' | 'close'>

/** The aggregates over a migrated database. */
export async function assembleStorage(database: Database, ends: Ends): Promise<Storage> {
  return {
    epoch: await readEpoch(database),
    triggers: openTriggerRecords(database),
    leases: openLeaseRecords(database),
    figures: openFigureRecords(database),
    tokens: openTokenRecords(database),
    audit: openAuditRecords(database),
    releases: openReleaseRecords(database),
    deployments: openDeploymentRecords(database),
    desires: openDesireRecords(database),
    rejected: openRejectedRecords(database),
    scriptRuns: openScriptRunRecords(database),
    starts: openStartRecords(database),
    agents: openAgentRecords(database),
    joinTokens: openJoinTokenRecords(database),
    keepPrivateKey: (key, at) => keepPrivateKey(database, key, at),
    changeEpoch: (epoch) => writeEpoch(database, epoch),
    ...ends,
  }
}
