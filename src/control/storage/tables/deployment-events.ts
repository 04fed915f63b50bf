import type { DatabaseTransaction } from '../database.ts'
import type { EventContent, StoredEvent } from '../deployment-records.ts'

/** Of one deployment; of what hosts say beyond, only their states are kept. */
export const mostEvents = 20_000
export const mostEventBytes = 16 * 1024 * 1024
const longestEvent = 16_384

/** Writes events of one deployment whose row is locked, all at once at the end. */
export interface EventPen {
  /** States are always written; what is said on the way only while there is room. */
  write(agent: string | null, content: EventContent): void
  /** Answers whether there was something. */
  flush(): Promise<boolean>
}

export interface PenPlace {
  readonly deployment: string
  readonly events: number
  readonly bytes: number
  readonly at: number
}

export function openPen(transaction: DatabaseTransaction, place: PenPlace): EventPen {
  const { deployment, at } = place
  const rows: { agent: string | null; content: string }[] = []
  let bytes = place.bytes
  let isFull = place.events >= mostEvents || bytes >= mostEventBytes

  function keep(agent: string | null, content: EventContent): void {
    const text = JSON.stringify(content)
    bytes += Buffer.byteLength(text)
    rows.push({ agent, content: text })
  }
  return {
    write: (agent, content) => {
      if (content.kind !== 'step') return keep(agent, content)
      if (isFull || JSON.stringify(content).length > longestEvent) return
      isFull = place.events + rows.length >= mostEvents || bytes >= mostEventBytes
      keep(agent, isFull ? { kind: 'dropped' } : content)
    },
    flush: async () => {
      const numbered = rows.map((row, index) => ({
        ...row,
        deployment,
        at,
        number: place.events + index + 1,
      }))
      for (let start = 0; start < numbered.length; start += 500)
        await transaction
          .insertInto('deployment_events')
          .values(numbered.slice(start, start + 500))
          .execute()
      if (rows.length === 0) return false
      const count = { events: place.events + rows.length, event_bytes: bytes }
      await transaction.updateTable('deployments').set(count).where('id', '=', deployment).execute()
      return true
    },
  }
}

export async function listDeploymentEvents(
  transaction: DatabaseTransaction,
  deployment: string,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<StoredEvent[]> {
  const rows = await transaction
    .selectFrom('deployment_events')
    .select(['number', 'agent', 'at', 'content'])
    .where('deployment', '=', deployment)
    .where('number', '>', after)
    .orderBy('number')
    .limit(limit)
    .execute()
  return rows.map(({ content, ...row }) => ({
    ...row,
    content: JSON.parse(content) as EventContent,
  }))
}
