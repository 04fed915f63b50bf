import { openStorage, type Storage, type StorageLocation } from '../../../src/control/index.ts'
import type { RecordedRaise, StormRecord } from './judge-storm.ts'

/** What the database has when no server has it any more. */
export async function readRecords(
  location: StorageLocation,
  triggers: readonly string[],
): Promise<Pick<StormRecord, 'recorded' | 'counters' | 'epoch' | 'audited'>> {
  const storage = await openStorage(location)
  try {
    const recorded: RecordedRaise[] = []
    for (const trigger of triggers) recorded.push(...(await readRaises(storage, trigger)))
    const counters = await storage.triggers.read(triggers)
    return { recorded, counters, epoch: storage.epoch, audited: await readAudited(storage) }
  } finally {
    await storage.close()
  }
}

const page = 5000

async function readRaises(storage: Storage, trigger: string): Promise<RecordedRaise[]> {
  const raises: RecordedRaise[] = []
  for (;;) {
    const after = raises.at(-1)?.sequence ?? 0
    const events = await storage.triggers.events(trigger, { after, limit: page })
    // The server puts the token before the caller's key.
    for (const { key, sequence } of events)
      raises.push({ trigger, key: key?.split(':').at(-1) ?? '', sequence })
    if (events.length < page) return raises
  }
}

async function readAudited(storage: Storage): Promise<Set<string>> {
  const audited = new Set<string>()
  for (let after = 0; ; after += page) {
    const rows = await storage.audit.list({ after, limit: page })
    for (const { content } of rows) {
      const { what, object } = JSON.parse(content) as { what: string; object: string }
      if (what === 'raise-trigger') audited.add(object)
    }
    if (rows.length < page) return audited
  }
}
