import type { Clock, RandomText } from '../../system/index.ts'
import type { AuditHead } from '../storage/audit-records.ts'
import type { Storage } from '../storage/storage.ts'
import { openBatches } from '../triggers/batches.ts'
import { canonicalJson, type AuditEntry } from './audit-entry.ts'

export interface AuditLog {
  /** Resolves when the entry is durable; many at once share a commit. */
  record(entry: Omit<AuditEntry, 'at'>): Promise<void>
  close(): Promise<void>
}

export interface AuditOptions {
  readonly storage: Pick<Storage, 'audit'>
  readonly clock: Clock
  readonly randomText: RandomText
}

export function openAuditLog({ storage, clock, randomText }: AuditOptions): AuditLog {
  const appends = openBatches(
    async (contents: readonly string[]) => {
      const batch = randomText(20)
      const entries = contents.map((content, index) => ({ id: `${batch}.${index}`, content }))
      const head: AuditHead = await storage.audit.append(entries)
      return contents.map(() => head)
    },
    { largest: 200, mostWaiting: 20_000 },
  )
  return {
    record: async (entry) => {
      await appends.submit(canonicalJson({ at: clock.now(), ...entry } satisfies AuditEntry))
    },
    close: () => appends.close(),
  }
}
