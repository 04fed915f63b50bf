import { sql } from 'kysely'

import type { Migration } from './migration.ts'

/** Tokens, and the audit log with its head. */
export const createAccess: Migration = async (transaction) => {
  for (const statement of statements) await sql.raw(statement).execute(transaction)
}

const statements = [
  `create table tokens (
    id text primary key,
    kind text not null,
    scope text not null,
    hash text not null,
    note text not null,
    created_at bigint not null,
    created_by text not null,
    expires_at bigint not null,
    used_at bigint,
    revoked_at bigint
  )`,
  `create table audit_entries (
    sequence bigint primary key,
    entry_id text not null unique,
    content text not null,
    hash text not null
  )`,
  `create table audit_head (
    name text primary key,
    sequence bigint not null,
    hash text not null
  )`,
]
