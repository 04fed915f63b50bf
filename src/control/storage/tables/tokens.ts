import type { Database } from '../database.ts'
import type { StoredToken, TokenRecords } from '../token-records.ts'
import type { TokenRow } from './table-types.ts'

export function openTokenRecords(database: Database): TokenRecords {
  return {
    add: (token) =>
      database.transaction(async (transaction) => {
        const row = { ...rowOf(token), used_at: null, revoked_at: null }
        const query = transaction.insertInto('tokens').values(row)
        await query.onConflict((conflict) => conflict.column('id').doNothing()).execute()
      }),
    find: (ids) =>
      database.transaction(async (transaction) => {
        const query = transaction.selectFrom('tokens').selectAll().where('id', 'in', ids)
        const rows = await query.execute()
        return new Map(rows.map((row) => [row.id, tokenOf(row)]))
      }),
    list: ({ after, limit }) =>
      database.transaction(async (transaction) => {
        const query = transaction.selectFrom('tokens').selectAll().where('id', '>', after)
        const rows = await query.orderBy('id').limit(limit).execute()
        return rows.map(tokenOf)
      }),
    noteUse: (ids, at) =>
      database.transaction(async (transaction) => {
        const query = transaction.updateTable('tokens').set({ used_at: at }).where('id', 'in', ids)
        const isLater = query.where((when) =>
          when.or([when('used_at', 'is', null), when('used_at', '<', at)]),
        )
        await isLater.execute()
      }),
    revoke: (id, at) =>
      database.transaction(async (transaction) => {
        const query = transaction.updateTable('tokens').where('id', '=', id)
        await query.where('revoked_at', 'is', null).set({ revoked_at: at }).execute()
        const found = transaction.selectFrom('tokens').select('id').where('id', '=', id)
        return (await found.executeTakeFirst()) !== undefined
      }),
  }
}

function rowOf(token: Omit<StoredToken, 'usedAt' | 'revokedAt'>) {
  const { id, kind, scope, hash, note } = token
  const { createdAt: created_at, createdBy: created_by, expiresAt: expires_at } = token
  return { id, kind, scope, hash, note, created_at, created_by, expires_at }
}

function tokenOf(row: TokenRow): StoredToken {
  const { id, kind, scope, hash, note } = row
  return {
    id,
    kind,
    scope,
    hash,
    note,
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    usedAt: row.used_at,
    revokedAt: row.revoked_at,
  }
}
