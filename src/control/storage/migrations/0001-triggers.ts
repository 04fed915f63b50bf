import { sql } from 'kysely'

import type { Migration } from './migration.ts'

/** Triggers, what raised them, and leases. */
export const createTriggers: Migration = async (transaction) => {
  for (const statement of statements) await sql.raw(statement).execute(transaction)
}

const statements = [
  `create table triggers (
    name text primary key,
    sequence bigint not null,
    defined_at bigint not null,
    policy text not null
  )`,
  `create table trigger_events (
    trigger_name text not null references triggers (name),
    sequence bigint not null,
    raise_id text not null unique,
    idempotency_key text,
    request_digest text,
    raised_at bigint not null,
    raised_by text not null,
    source text not null,
    outcome text,
    superseded_by bigint,
    primary key (trigger_name, sequence)
  )`,
  `create unique index trigger_events_by_key on trigger_events (trigger_name, idempotency_key)
    where idempotency_key is not null`,
  'create index trigger_events_by_time on trigger_events (raised_at)',
  `create table leases (
    name text primary key,
    owner text not null,
    fence bigint not null,
    held_until bigint not null
  )`,
]
