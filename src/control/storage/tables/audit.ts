import { chainHash, firstHash } from '../../audit/chain.ts'
import type { AuditHead, AuditRecords, NewAuditEntry } from '../audit-records.ts'
import type { Database, DatabaseTransaction } from '../database.ts'
import { insertRows } from './insert-rows.ts'

export function openAuditRecords(database: Database): AuditRecords {
  return {
    append: (entries) =>
      database.transaction((transaction, attempt) =>
        appendEntries(database, transaction, { entries, attempt }),
      ),
    list: ({ after, limit }) =>
      database.transaction(async (transaction) => {
        const query = transaction.selectFrom('audit_entries').where('sequence', '>', after)
        const columns = query.select(['sequence', 'content', 'hash'])
        const rows = await columns.orderBy('sequence').limit(limit).execute()
        return rows.map((row) => ({ ...row }))
      }),
    head: () =>
      database.transaction(async (transaction) => {
        const query = transaction.selectFrom('audit_head').select(['sequence', 'hash'])
        return { ...noEntry, ...(await query.where('name', '=', headName).executeTakeFirst()) }
      }),
  }
}

/** Appends within a transaction of something else. Nobody else appends until that is over, so take other locks before. */
export async function appendEntries(
  database: Database,
  transaction: DatabaseTransaction,
  { entries, attempt }: { readonly entries: readonly NewAuditEntry[]; readonly attempt: number },
): Promise<AuditHead> {
  const head = await takeHead(database, transaction)
  // Whoever has the head is alone here, so an earlier try is wholly here or not at all.
  const isDone = attempt > 1 && (await hasEntry(transaction, entries[0]?.id))
  return isDone ? head : await appendAfter(database, transaction, { head, entries })
}

const headName = 'audit'
const noEntry: AuditHead = { sequence: 0, hash: firstHash }

/** The head, locked until the end of the transaction; made when there is none. */
async function takeHead(
  { dialect }: Database,
  transaction: DatabaseTransaction,
): Promise<AuditHead> {
  const first = transaction.insertInto('audit_head').values({ name: headName, ...noEntry })
  await first.onConflict((conflict) => conflict.column('name').doNothing()).execute()
  const query = transaction.selectFrom('audit_head').select(['sequence', 'hash'])
  const named = query.where('name', '=', headName)
  return await (dialect.hasRowLocks ? named.forUpdate() : named).executeTakeFirstOrThrow()
}

async function hasEntry(transaction: DatabaseTransaction, id = ''): Promise<boolean> {
  const query = transaction.selectFrom('audit_entries').select('sequence')
  return (await query.where('entry_id', '=', id).executeTakeFirst()) !== undefined
}

async function appendAfter(
  { dialect }: Database,
  transaction: DatabaseTransaction,
  { head, entries }: { readonly head: AuditHead; readonly entries: readonly NewAuditEntry[] },
): Promise<AuditHead> {
  let { sequence, hash } = head
  const rows = entries.map(({ id, content }) => {
    sequence += 1
    hash = chainHash(hash, content)
    return { sequence, entry_id: id, content, hash }
  })
  if (rows.length === 0) return head
  await insertRows(transaction, dialect, { into: 'audit_entries', rows })
  const moved = transaction.updateTable('audit_head').set({ sequence, hash })
  await moved.where('name', '=', headName).execute()
  return { sequence, hash }
}
