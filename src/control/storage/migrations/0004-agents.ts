import { sql } from 'kysely'

import type { Migration } from './migration.ts'

/** The key that all servers of the database share, and what an agent's enrolment and logins leave behind. */
export const keepAgents: Migration = async (transaction) => {
  for (const statement of statements) await sql.raw(statement).execute(transaction)
}

const statements = [
  // One row: the private key as PEM. Whoever reads the database can be the server.
  `create table server_identity (
    name text primary key,
    private_key text not null,
    created_at bigint not null
  )`,
  // The join token that it came by: the same key and token again are the same agent.
  'alter table agents add column join_token text',
  // Of the last login, so that what was recorded on the way cannot be sent again.
  'alter table agents add column last_nonce text',
]
