import type { Database } from './database.ts'
import type { Storage } from './storage.ts'
import { openAuditRecords } from './tables/audit.ts'
import { openLeaseRecords } from './tables/leases.ts'
import { readEpoch, writeEpoch } from './tables/meta.ts'
import { openReleaseRecords } from './tables/releases.ts'
import { openTokenRecords } from './tables/tokens.ts'
import { openTriggerRecords } from './tables/triggers.ts'

/** What only one of the databases can know. */
type Ends = Pick<Storage, 'isShared' | 'onRaised' | 'close'>

/** The aggregates over a migrated database. */
export async function assembleStorage(database: Database, ends: Ends): Promise<Storage> {
  return {
    epoch: await readEpoch(database),
    triggers: openTriggerRecords(database),
    leases: openLeaseRecords(database),
    tokens: openTokenRecords(database),
    audit: openAuditRecords(database),
    releases: openReleaseRecords(database),
    changeEpoch: (epoch) => writeEpoch(database, epoch),
    ...ends,
  }
}
