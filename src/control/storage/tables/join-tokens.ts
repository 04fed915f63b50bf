import type { AgentLabels } from '../agent-records.ts'
import type { Database } from '../database.ts'
import type { JoinTokenRecords, StoredJoinToken } from '../join-token-records.ts'
import type { JoinTokenRow } from './table-types.ts'

export function openJoinTokenRecords(database: Database): JoinTokenRecords {
  return {
    add: (token) =>
      database.transaction(async (transaction) => {
        const query = transaction.insertInto('join_tokens').values(rowOf(token))
        await query.onConflict((conflict) => conflict.column('id').doNothing()).execute()
      }),
    list: ({ after, limit }) =>
      database.transaction(async (transaction) => {
        const query = transaction.selectFrom('join_tokens').selectAll().where('id', '>', after)
        const rows = await query.orderBy('id').limit(limit).execute()
        return rows.map(tokenOf)
      }),
    revoke: (id, at) =>
      database.transaction(async (transaction) => {
        const query = transaction.updateTable('join_tokens').where('id', '=', id)
        await query.where('revoked_at', 'is', null).set({ revoked_at: at }).execute()
        const found = transaction.selectFrom('join_tokens').select('id').where('id', '=', id)
        return (await found.executeTakeFirst()) !== undefined
      }),
  }
}

function rowOf(token: Omit<StoredJoinToken, 'revokedAt'>): JoinTokenRow {
  return {
    id: token.id,
    hash: token.hash,
    labels: JSON.stringify(token.labels),
    uses_left: token.usesLeft,
    created_at: token.createdAt,
    created_by: token.createdBy,
    expires_at: token.expiresAt,
    revoked_at: null,
  }
}

function tokenOf(row: JoinTokenRow): StoredJoinToken {
  return {
    id: row.id,
    hash: row.hash,
    labels: JSON.parse(row.labels) as AgentLabels,
    usesLeft: row.uses_left,
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  }
}
